package org.xenolith.ir.testing;

import org.xenolith.ir.Abort;
import org.xenolith.ir.Code;
import org.xenolith.ir.Context;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/// A context with a small memory that wraps around and in which some addresses abort. It remembers
/// the order of accesses.
public final class FakeContext extends Context {
    private static final int MEMORY_BYTES = 1 << 12;
    private static final int ABORTING = 0x700;

    private final byte[] memory = new byte[MEMORY_BYTES];
    private long history;

    /// A context with random contents.
    public static FakeContext random(RandomGenerator random) {
        var context = new FakeContext();
        for (int slot = 0; slot < SLOTS; slot++) {
            context.registers[slot] = random.nextLong() >>> random.nextInt(64);
        }
        random.nextBytes(context.memory);
        context.pc = random.nextLong();
        context.setStatusFlags(random.nextLong());
        return context;
    }

    @Override
    public boolean isPlain() {
        return true;
    }

    public FakeContext copy() {
        var copy = new FakeContext();
        System.arraycopy(registers, 0, copy.registers, 0, SLOTS);
        System.arraycopy(memory, 0, copy.memory, 0, MEMORY_BYTES);
        copy.pc = pc;
        copy.history = history;
        copy.flagKind = flagKind;
        copy.flagLeft = flagLeft;
        copy.flagRight = flagRight;
        copy.flagResult = flagResult;
        copy.flagCarry = flagCarry;
        return copy;
    }

    /// Executes `code`; the state in which it leaves the context, as text.
    public String stateAfter(Code code) {
        String end = "done";
        try {
            code.execute(this);
        } catch (Abort abort) {
            end = abort.getMessage();
        }
        return "%s, pc %x, flags %x, history %x, memory %x, registers %s"
                .formatted(
                        end,
                        pc,
                        statusFlags(),
                        history,
                        Arrays.hashCode(memory),
                        Arrays.toString(registers));
    }

    /// Something that the order of accesses can be seen from.
    void remember(long what) {
        history = history * 31 + what;
    }

    private long access(int bytes, long address) {
        remember(address * 16 + bytes);
        if ((address & 0xF00) == ABORTING) {
            throw new Refused();
        }
        return address;
    }

    private long read(int bytes, long address) {
        long value = 0;
        for (int index = 0; index < bytes; index++) {
            value |= (memory[place(address + index)] & 0xFFL) << (8 * index);
        }
        return value;
    }

    private void write(int bytes, long address, long value) {
        for (int index = 0; index < bytes; index++) {
            memory[place(address + index)] = (byte) (value >>> (8 * index));
        }
    }

    private static int place(long address) {
        return (int) address & (MEMORY_BYTES - 1);
    }

    @Override
    public long load8(long address) {
        return read(1, access(1, address));
    }

    @Override
    public long load16(long address) {
        return read(2, access(2, address));
    }

    @Override
    public long load32(long address) {
        return read(4, access(4, address));
    }

    @Override
    public long load64(long address) {
        return read(8, access(8, address));
    }

    @Override
    public void store8(long address, long value) {
        write(1, access(1, address), value);
    }

    @Override
    public void store16(long address, long value) {
        write(2, access(2, address), value);
    }

    @Override
    public void store32(long address, long value) {
        write(4, access(4, address), value);
    }

    @Override
    public void store64(long address, long value) {
        write(8, access(8, address), value);
    }

    @Override
    public void storePair(long address, long low, long high) {
        access(15, address);
        write(8, address, low);
        write(8, address + 8, high);
    }

    @Override
    public void storeConditional(int bits, long address, long expected, long value) {
        access(bits / 8, address);
        if (read(bits / 8, address) != expected) {
            throw Abort.restart();
        }
        write(bits / 8, address, value);
    }

    private static final class Refused extends Abort {
        private static final long serialVersionUID = 1L;

        Refused() {
            super("refused");
        }
    }
}
