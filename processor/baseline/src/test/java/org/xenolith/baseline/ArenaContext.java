package org.xenolith.baseline;

import org.xenolith.ir.Abort;
import org.xenolith.ir.Context;
import org.xenolith.jit.TranslationCache;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;

/// A context with 16 pages of memory outside the heap, some of which may not be written, or neither
/// be read nor written.
final class ArenaContext extends Context {
    private static final int TRANSLATIONS = TranslationCache.LENGTH;
    private static final int PAGES = 16;
    private static final int PAGE_BYTES = 4096;

    final MemorySegment memory;
    final long[] readTags = new long[TRANSLATIONS];
    final long[] writeTags = new long[TRANSLATIONS];
    final long[] offsets = new long[TRANSLATIONS];

    /// Whether a page that code waits for is put where it looks.
    private IntPredicate supplies = _ -> false;

    /// Whether to be written, each time that one has been.
    final List<Boolean> asked = new ArrayList<>();

    ArenaContext(Arena arena, RandomGenerator random) {
        this(arena.allocate(PAGES * PAGE_BYTES, 64));
        var bytes = new byte[PAGES * PAGE_BYTES];
        random.nextBytes(bytes);
        memory.copyFrom(MemorySegment.ofArray(bytes));
        for (int slot = 0; slot < COMPILER_SLOTS; slot++) {
            registers[slot] =
                    random.nextInt(3) > 0
                            ? random.nextInt(PAGES * PAGE_BYTES)
                            : random.nextLong() >>> random.nextInt(64);
        }
        pc = random.nextLong();
        setStatusFlags(random.nextLong());
        Arrays.fill(readTags, 1);
        Arrays.fill(writeTags, 1);
        for (int page = 0; page < PAGES; page++) {
            // pages are stored in reverse
            long at = (long) page * PAGE_BYTES;
            int place = TranslationCache.first(at);
            if (random.nextInt(3) == 0) {
                occupy(place, at);
                place = TranslationCache.second(at);
            }
            put(place, page);
            readTags[place] = random.nextInt(12) > 0 ? at : 1;
            writeTags[place] = random.nextInt(12) > 0 ? readTags[place] : 1;
        }
    }

    private void put(int place, int page) {
        long at = (long) page * PAGE_BYTES;
        offsets[place] = memory.address() + (long) (PAGES - 1 - page) * PAGE_BYTES - at;
        readTags[place] = at;
        writeTags[place] = at;
    }

    /// The first page may be read and written, and is found at its first place.
    void allowFirstPage() {
        put(TranslationCache.first(0), 0);
    }

    /// A page is at neither of its places.
    void withhold(long page) {
        readTags[TranslationCache.first(page)] = 1;
        writeTags[TranslationCache.first(page)] = 1;
        readTags[TranslationCache.second(page)] = 1;
        writeTags[TranslationCache.second(page)] = 1;
    }

    /// A page may be read and written, and is found at its second place.
    void displace(long page) {
        occupy(TranslationCache.first(page), page);
        put(TranslationCache.second(page), (int) (page / PAGE_BYTES));
    }

    /// Another page has the first place of one.
    private void occupy(int place, long page) {
        readTags[place] = page + (TranslationCache.FIRST_MASK + 1L) * PAGE_BYTES;
        writeTags[place] = readTags[place];
        offsets[place] = memory.address() + page - readTags[place];
    }

    /// From now on code that waits for one of these pages gets it; others are refused.
    void supply(IntPredicate pages) {
        supplies = pages;
    }

    @Override
    public boolean translate(long page, boolean write) {
        int number = (int) (page / PAGE_BYTES);
        if (page < 0 || page >= (long) PAGES * PAGE_BYTES || !supplies.test(number)) {
            return false;
        }
        asked.add(write);
        put(TranslationCache.first(page), number);
        return true;
    }

    private ArenaContext(MemorySegment memory) {
        this.memory = memory;
    }

    ArenaContext copy(Arena arena) {
        var copy = new ArenaContext(arena.allocate(memory.byteSize(), 64));
        copy.memory.copyFrom(memory);
        System.arraycopy(registers, 0, copy.registers, 0, SLOTS);
        copy.see(this);
        copy.pc = pc;
        copy.flagKind = flagKind;
        copy.flagLeft = flagLeft;
        copy.flagRight = flagRight;
        copy.flagResult = flagResult;
        copy.flagCarry = flagCarry;
        return copy;
    }

    /// Has the translations of another from now on.
    void see(ArenaContext other) {
        System.arraycopy(other.readTags, 0, readTags, 0, TRANSLATIONS);
        System.arraycopy(other.writeTags, 0, writeTags, 0, TRANSLATIONS);
        long apart = memory.address() - other.memory.address();
        Arrays.setAll(offsets, place -> other.offsets[place] + apart);
    }

    /// How often a page that code waited for has been put where it looks.
    int supplied() {
        return asked.size();
    }

    /// The slots that are the front end's; 0 for the others.
    private long[] frontEnd() {
        var slots = Arrays.copyOf(registers, COMPILER_SLOTS);
        Arrays.fill(slots, NEAR_COMPILER_SLOTS, NEAR_COMPILER_SLOTS_END, 0);
        return slots;
    }

    /// All that counts, apart from the program counter, as text.
    String state() {
        return "flags %x registers %s memory %d"
                .formatted(
                        statusFlags(),
                        Arrays.toString(frontEnd()),
                        Arrays.hashCode(memory.toArray(ValueLayout.JAVA_BYTE)));
    }

    @Override
    public boolean isPlain() {
        return true;
    }

    private long find(long[] tags, int bytes, long address) {
        long page = address & -PAGE_BYTES;
        if (page == (address + bytes - 1 & -PAGE_BYTES)) {
            for (int index :
                    new int[] {TranslationCache.first(page), TranslationCache.second(page)}) {
                if (tags[index] == page) {
                    return offsets[index] + address - memory.address();
                }
            }
        }
        throw Abort.restart();
    }

    private long peek(int bits, long at) {
        return switch (bits) {
            case 8 -> memory.get(ValueLayout.JAVA_BYTE, at) & 0xFFL;
            case 16 -> memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xFFFFL;
            case 32 -> memory.get(ValueLayout.JAVA_INT_UNALIGNED, at) & 0xFFFF_FFFFL;
            default -> memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
        };
    }

    @Override
    public long load8(long address) {
        return peek(8, find(readTags, 1, address));
    }

    @Override
    public long load16(long address) {
        return peek(16, find(readTags, 2, address));
    }

    @Override
    public long load32(long address) {
        return peek(32, find(readTags, 4, address));
    }

    @Override
    public long load64(long address) {
        return peek(64, find(readTags, 8, address));
    }

    @Override
    public void store8(long address, long value) {
        memory.set(ValueLayout.JAVA_BYTE, find(writeTags, 1, address), (byte) value);
    }

    @Override
    public void store16(long address, long value) {
        memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, find(writeTags, 2, address), (short) value);
    }

    @Override
    public void store32(long address, long value) {
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, find(writeTags, 4, address), (int) value);
    }

    @Override
    public void store64(long address, long value) {
        memory.set(ValueLayout.JAVA_LONG_UNALIGNED, find(writeTags, 8, address), value);
    }

    @Override
    public void storePair(long address, long low, long high) {
        long at = find(writeTags, 16, address);
        memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at, low);
        memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at + 8, high);
    }

    @Override
    public void storeConditional(int bits, long address, long expected, long value) {
        if (peek(bits, find(writeTags, bits / 8, address)) != expected) {
            throw Abort.restart();
        }
        store(bits, address, value);
    }
}
