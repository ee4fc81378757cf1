package org.xenolith.conformance;

import org.xenolith.base.Sizes;
import org.xenolith.ir.Abort;
import org.xenolith.x86.Cpu;
import org.xenolith.x86.Trap;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// A processor whose memory is [Arena] and nothing else: no page tables, no devices.
final class ArenaCpu extends Cpu {
    /// Where supervisor accesses find the descriptor table.
    static final long GDT = 0xFFFF_8000_0000_0000L;

    /// Where they find a task state segment without an I/O permission bitmap.
    static final long TSS = 0xFFFF_8000_0001_0000L;

    static final int TSS_LIMIT = 0x67;

    /// The segments of Linux: kernel code, kernel data, user code, user data, user 64-bit code; and
    /// at the end one for data, whose limit tells a program which processor it is on.
    private static final long[] DESCRIPTORS = {
        0,
        0x00CF_9B00_0000_FFFFL,
        0x00AF_9B00_0000_FFFFL,
        0x00CF_9300_0000_FFFFL,
        0x00CF_FB00_0000_FFFFL,
        0x00CF_F300_0000_FFFFL,
        0x00AF_FB00_0000_FFFFL,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0x0040_F500_0000_0000L
    };

    static final int GDT_LIMIT = 127;

    /// Behind the global table: a local one with the 16-bit code segment of [CodeMode].
    static final int LDT_OFFSET = 128;

    static final int LDT_LIMIT = 7;
    static final int TABLE_BYTES = LDT_OFFSET + LDT_LIMIT + 1;
    private static final long CODE_16 = 0x1000_FB00_0000_FFFFL;

    private static final VarHandle SHORT =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int PRESENT = 1;
    private static final int WRITE = 2;
    private static final int USER = 4;
    private static final int FETCH = 16;

    /// The data pages, then the code pages.
    private final byte[] memory = new byte[Arena.BYTES + Arena.CODE_BYTES];

    private final ByteBuffer descriptors =
            ByteBuffer.allocate(TABLE_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    ArenaCpu() {
        Arrays.fill(memory, Arena.BYTES, memory.length, (byte) 0xCC);
        descriptors.put(descriptorTables());
    }

    static byte[] descriptorTables() {
        var table = ByteBuffer.allocate(TABLE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        table.asLongBuffer().put(DESCRIPTORS);
        table.putLong(LDT_OFFSET, CODE_16);
        return table.array();
    }

    void begin(byte[] data, CpuCase test) {
        System.arraycopy(data, 0, memory, 0, Arena.BYTES);
        putCode(test, false);
        descriptors.clear();
        descriptors.put(descriptorTables());
    }

    /// Takes the case's code away again.
    void end(CpuCase test) {
        putCode(test, true);
    }

    private void putCode(CpuCase test, boolean erase) {
        for (int i = 0; i < test.code().length(); i++) {
            long at = test.codeOffset() + i;
            if (at < Arena.CODE_BYTES) {
                memory[Arena.BYTES + (int) at] = erase ? (byte) 0xCC : test.code().get(i);
            }
        }
    }

    byte[] data() {
        return Arrays.copyOf(memory, Arena.BYTES);
    }

    int fetch(long address) {
        if (!isCanonical(address)) {
            throw Trap.generalProtection(0);
        }
        long code = address - Arena.CODE;
        if (code < 0 || code >= Arena.CODE_BYTES) {
            int present = dataOffset(address) >= 0 ? PRESENT : 0;
            throw Trap.pageFault(present | USER | FETCH, address);
        }
        return memory[Arena.BYTES + (int) code] & 0xFF;
    }

    // ---------------------------------------------------------------- memory

    private static boolean isCanonical(long address) {
        return address >> 47 == 0 || address >> 47 == -1;
    }

    private static int dataOffset(long address) {
        if (address >= Arena.DATA && address < Arena.DATA + Arena.BYTES) {
            return (int) (address - Arena.DATA);
        }
        if (address >= Arena.LOW_DATA && address < Arena.LOW_DATA + Arena.BYTES) {
            return (int) (address - Arena.LOW_DATA);
        }
        return -1;
    }

    /// The index in memory of one byte; faults as an access to it would.
    private int locate(long address, boolean write) {
        int data = dataOffset(address);
        if (data >= 0) {
            if (write && data >= Arena.WRITABLE_BYTES) {
                throw Trap.pageFault(PRESENT | WRITE | USER, address);
            }
            return data;
        }
        long code = address - Arena.CODE;
        if (code >= 0 && code < Arena.CODE_BYTES) {
            if (write) {
                throw Trap.pageFault(PRESENT | WRITE | USER, address);
            }
            return Arena.BYTES + (int) code;
        }
        throw Trap.pageFault((write ? WRITE : 0) | USER, address);
    }

    /// The index of the first byte if all are in one page; else faults where it must and returns
    /// -1.
    private int place(long address, int bytes, boolean write) {
        if (!isCanonical(address) || !isCanonical(address + bytes - 1)) {
            throw Trap.nonCanonical(address);
        }
        int first = locate(address, write);
        long last = address + bytes - 1;
        if (((address ^ last) & -Sizes.PAGE_BYTES) == 0) {
            return first;
        }
        locate(wrap(last & -Sizes.PAGE_BYTES), write);
        return -1;
    }

    private long wrap(long address) {
        return is64() ? address : address & 0xFFFF_FFFFL;
    }

    private long loadBytes(long address, int bytes) {
        long value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | memory[locate(wrap(address + i), false)] & 0xFF;
        }
        return value;
    }

    private void storeBytes(long address, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            memory[locate(wrap(address + i), true)] = (byte) (value >>> 8 * i);
        }
    }

    @Override
    public long load8(long address) {
        return memory[place(address, 1, false)] & 0xFF;
    }

    @Override
    public long load16(long address) {
        int at = place(address, 2, false);
        return at < 0 ? loadBytes(address, 2) : (short) SHORT.get(memory, at) & 0xFFFF;
    }

    @Override
    public long load32(long address) {
        int at = place(address, 4, false);
        return at < 0 ? loadBytes(address, 4) : (int) INT.get(memory, at) & 0xFFFF_FFFFL;
    }

    @Override
    public long load64(long address) {
        int at = place(address, 8, false);
        return at < 0 ? loadBytes(address, 8) : (long) LONG.get(memory, at);
    }

    @Override
    public void store8(long address, long value) {
        memory[place(address, 1, true)] = (byte) value;
    }

    @Override
    public void store16(long address, long value) {
        place(address, 2, true);
        storeBytes(address, 2, value);
    }

    @Override
    public void store32(long address, long value) {
        place(address, 4, true);
        storeBytes(address, 4, value);
    }

    @Override
    public void store64(long address, long value) {
        place(address, 8, true);
        storeBytes(address, 8, value);
    }

    @Override
    public void storePair(long address, long low, long high) {
        place(address, 16, true);
        storeBytes(address, 8, low);
        storeBytes(address + 8, 8, high);
    }

    @Override
    public void storeConditional(int bits, long address, long expected, long value) {
        place(address, bits / 8, true);
        if (load(bits, address) != expected) {
            throw Abort.restart();
        }
        storeBytes(address, bits / 8, value);
    }

    @Override
    public long loadSystem(int bits, long linear) {
        if (linear >= GDT && linear <= GDT + TABLE_BYTES - bits / 8) {
            int at = (int) (linear - GDT);
            return switch (bits) {
                case 8 -> descriptors.get(at) & 0xFF;
                case 16 -> descriptors.getShort(at) & 0xFFFF;
                case 32 -> descriptors.getInt(at) & 0xFFFF_FFFFL;
                default -> descriptors.getLong(at);
            };
        }
        if (linear >= TSS && linear <= TSS + TSS_LIMIT) {
            return -1L >>> 64 - bits;
        }
        throw Trap.pageFault(0, linear);
    }

    @Override
    public void storeSystem(int bits, long linear, long value) {
        int at = (int) (linear - GDT);
        if (linear >= GDT && at < TABLE_BYTES) {
            for (int i = 0; i < bits / 8; i++) {
                descriptors.put(at + i, (byte) (value >>> 8 * i));
            }
            return;
        }
        throw Trap.pageFault(WRITE, linear);
    }

    @Override
    public void probeWrite(long linear, int bytes) {
        place(linear, bytes, true);
    }

    @Override
    public void probeRead(long linear, int bytes) {
        place(linear, bytes, false);
    }

    @Override
    public boolean copyWithinPage(long from, long to, int bytes) {
        return false;
    }

    @Override
    public boolean fillWithinPage(long to, int bits, long value, int count) {
        return false;
    }

    // ---------------------------------------------------------------- nothing else is there

    @Override
    public void elementDone() {}

    @Override
    public void accessModeChanged() {}

    @Override
    public void flushTlb(boolean globalToo) {}

    @Override
    public void invalidatePage(long linear) {}

    @Override
    public long portRead(int port, int bytes) {
        throw new IllegalStateException("user mode reached a port");
    }

    @Override
    public void portWrite(int port, int bytes, long value) {
        throw new IllegalStateException("user mode reached a port");
    }

    @Override
    public long externalMsrRead(int index) {
        throw new IllegalStateException("user mode reached an MSR");
    }

    @Override
    public void externalMsrWrite(int index, long value) {
        throw new IllegalStateException("user mode reached an MSR");
    }

    @Override
    public void hypercall() {
        throw new IllegalStateException("a case made a hypercall");
    }

    @Override
    public void halt() {
        throw new IllegalStateException("user mode halted");
    }

    @Override
    public void taskPriorityChanged() {
        throw new IllegalStateException("user mode reached CR8");
    }

    @Override
    public long timeStampCounter() {
        return 0;
    }

    @Override
    public void setTimeStampCounter(long value) {}

    @Override
    public long random() {
        return 0;
    }
}
