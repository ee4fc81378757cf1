package org.xenolith.baseline;

import java.util.Arrays;

/// What of an [Assembler]'s code depends on where other code lies: jumps, distances, and what fills
/// up to an aligned place. They are emitted with room for the longest form; at the end each gets
/// the shortest that it can have, and all that is behind moves forward.
final class JumpLengths {
    /// What there is room for.
    private enum Kind {
        /// `jmp`: two bytes, or five.
        JUMP(5),
        /// `jcc`: two bytes, or six.
        BRANCH(6),
        /// A number of four bytes.
        DISTANCE(Integer.BYTES),
        /// Up to three bytes.
        PAD(PAD_MAX);

        final int room;

        Kind(int room) {
            this.room = room;
        }
    }

    /// Bytes that fill at most.
    private static final int PAD_MAX = 3;

    /// A number behind a pad lies within so many bytes, at a multiple of them.
    private static final int WHOLE_BYTES = Long.BYTES;

    private static final int SHORT_BYTES = 2;
    private static final int SHORT_JUMP = 0xEB;
    private static final int SHORT_BRANCH = 0x70;
    private static final int CONDITION = 0xF;

    /// Instructions that do nothing, by their length.
    private static final int[][] NOTHING = {{}, {0x90}, {0x66, 0x90}, {0x0F, 0x1F, 0x00}};

    private Kind[] kinds = new Kind[64];

    /// Where they begin with all room before them, in ascending order.
    private int[] starts = new int[64];

    /// The label that they lead to; of a pad, how much further the number begins.
    private int[] targets = new int[64];

    private int count;
    private int[] lengths = {};

    /// How many bytes those before an item leave of their room.
    private int[] saved = {};

    private int add(Kind kind, int start, int target) {
        if (count == starts.length) {
            kinds = Arrays.copyOf(kinds, 2 * count);
            starts = Arrays.copyOf(starts, 2 * count);
            targets = Arrays.copyOf(targets, 2 * count);
        }
        kinds[count] = kind;
        starts[count] = start;
        targets[count++] = target;
        return kind.room;
    }

    /// A jump to a label begins here. Answers the bytes that it has room for, as the others do.
    int jump(int start, int label) {
        return add(Kind.JUMP, start, label);
    }

    int branch(int start, int label) {
        return add(Kind.BRANCH, start, label);
    }

    int distance(int start, int label) {
        return add(Kind.DISTANCE, start, label);
    }

    /// Up to where a number of four bytes lies within eight at a multiple of eight.
    ///
    /// @param before how many bytes behind it the number begins
    int pad(int start, int before) {
        return add(Kind.PAD, start, before);
    }

    /// Shortens what can be, and puts in all distances. Answers the code's size.
    ///
    /// @param labels where they are in `code`, `size` bytes with all room
    int link(byte[] code, int size, int[] labels) {
        choose(labels);
        int from = 0;
        int to = 0;
        for (int item = 0; item < count; item++) {
            int before = starts[item] - from;
            System.arraycopy(code, from, code, to, before);
            to += before;
            from = starts[item] + kinds[item].room;
            int opcode = code[starts[item] + 1];
            write(code, to, item, opcode, labels);
            to += lengths[item];
        }
        System.arraycopy(code, from, code, to, size - from);
        return to + size - from;
    }

    /// All begin short; those that do not reach their labels become long, until all do.
    private void choose(int[] labels) {
        lengths = new int[count];
        saved = new int[count + 1];
        for (int item = 0; item < count; item++) {
            boolean canBeShort = kinds[item] == Kind.JUMP || kinds[item] == Kind.BRANCH;
            lengths[item] = canBeShort ? SHORT_BYTES : kinds[item].room;
        }
        boolean allReach = false;
        while (!allReach) {
            place();
            allReach = true;
            for (int item = 0; item < count; item++) {
                if (lengths[item] == SHORT_BYTES
                        && kinds[item] != Kind.PAD
                        && !isByte(distance(item, labels))) {
                    lengths[item] = kinds[item].room;
                    allReach = false;
                }
            }
        }
    }

    private void place() {
        for (int item = 0; item < count; item++) {
            if (kinds[item] == Kind.PAD) {
                int begin = starts[item] - saved[item] + targets[item];
                int within = begin & WHOLE_BYTES - 1;
                lengths[item] = within <= WHOLE_BYTES - Integer.BYTES ? 0 : WHOLE_BYTES - within;
            }
            saved[item + 1] = saved[item] + kinds[item].room - lengths[item];
        }
    }

    private static boolean isByte(int number) {
        return number == (byte) number;
    }

    /// From the end of a jump or number to its label.
    private int distance(int item, int[] labels) {
        int label = labels[targets[item]];
        int found = Arrays.binarySearch(starts, 0, count, label);
        int itemsBefore = found >= 0 ? found : -found - 1;
        return label - saved[itemsBefore] - (starts[item] - saved[item] + lengths[item]);
    }

    private void write(byte[] code, int at, int item, int opcode, int[] labels) {
        int end = at + lengths[item];
        if (kinds[item] == Kind.PAD) {
            for (int index = 0; index < lengths[item]; index++) {
                code[at + index] = (byte) NOTHING[lengths[item]][index];
            }
            return;
        }
        int distance = distance(item, labels);
        if (lengths[item] == SHORT_BYTES) {
            boolean jump = kinds[item] == Kind.JUMP;
            code[at] = (byte) (jump ? SHORT_JUMP : SHORT_BRANCH | opcode & CONDITION);
            code[at + 1] = (byte) distance;
            return;
        }
        if (kinds[item] == Kind.BRANCH) {
            code[at] = 0x0F;
            code[at + 1] = (byte) opcode;
        } else if (kinds[item] == Kind.JUMP) {
            code[at] = (byte) Assembler.JUMP;
        }
        for (int index = 0; index < Integer.BYTES; index++) {
            code[end - Integer.BYTES + index] = (byte) (distance >>> index * Byte.SIZE);
        }
    }
}
