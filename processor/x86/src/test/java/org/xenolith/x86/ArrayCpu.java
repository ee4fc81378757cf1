package org.xenolith.x86;

/// A processor whose memory is an array at linear address 0, without paging; addresses wrap at its
/// size. Bytes at [#deviceFrom] and above are a device's: runs refuse them. Ports read back what
/// was last written, plus one.
final class ArrayCpu extends Cpu {
    final byte[] memory;
    long deviceFrom = Long.MAX_VALUE;
    long readOnlyFrom = Long.MAX_VALUE;
    long port;
    int elements;
    int runs;

    ArrayCpu(int size) {
        memory = new byte[size];
    }

    private int at(long linear) {
        return (int) linear & memory.length - 1;
    }

    private long get(long linear, int bytes) {
        long value = 0;
        for (int index = 0; index < bytes; index++) {
            value |= (memory[at(linear + index)] & 0xFFL) << index * 8;
        }
        return value;
    }

    private void set(long linear, int bytes, long value) {
        probeWrite(linear, bytes);
        for (int index = 0; index < bytes; index++) {
            memory[at(linear + index)] = (byte) (value >>> index * 8);
        }
    }

    @Override
    public long load8(long address) {
        return get(address, 1);
    }

    @Override
    public long load16(long address) {
        return get(address, 2);
    }

    @Override
    public long load32(long address) {
        return get(address, 4);
    }

    @Override
    public long load64(long address) {
        return get(address, 8);
    }

    @Override
    public void store8(long address, long value) {
        set(address, 1, value);
    }

    @Override
    public void store16(long address, long value) {
        set(address, 2, value);
    }

    @Override
    public void store32(long address, long value) {
        set(address, 4, value);
    }

    @Override
    public void store64(long address, long value) {
        set(address, 8, value);
    }

    @Override
    public void storePair(long address, long low, long high) {
        set(address, 8, low);
        set(address + 8, 8, high);
    }

    @Override
    public void storeConditional(int bits, long address, long expected, long value) {
        set(address, bits >>> 3, value);
    }

    @Override
    public long loadSystem(int bits, long linear) {
        return get(linear, bits >>> 3);
    }

    @Override
    public void storeSystem(int bits, long linear, long value) {
        set(linear, bits >>> 3, value);
    }

    @Override
    public void probeWrite(long linear, int bytes) {
        if (at(linear + bytes - 1) >= readOnlyFrom) {
            throw Trap.pageFault(3, linear);
        }
    }

    @Override
    public void probeRead(long linear, int bytes) {}

    @Override
    public boolean copyWithinPage(long from, long to, int bytes) {
        probeWrite(to, bytes);
        if (at(from) + bytes > deviceFrom || at(to) + bytes > deviceFrom) {
            return false;
        }
        int distance = at(to) - at(from);
        if (distance != to - from && Math.abs(distance) < bytes) {
            return false;
        }
        System.arraycopy(memory, at(from), memory, at(to), bytes);
        runs++;
        return true;
    }

    @Override
    public boolean fillWithinPage(long to, int bits, long value, int count) {
        int bytes = bits >>> 3;
        probeWrite(to, bytes * count);
        if (at(to) + bytes * count > deviceFrom) {
            return false;
        }
        for (int index = 0; index < count; index++) {
            set(to + (long) index * bytes, bytes, value);
        }
        runs++;
        return true;
    }

    @Override
    public void elementDone() {
        elements++;
    }

    @Override
    public void accessModeChanged() {}

    @Override
    public void flushTlb(boolean globalToo) {}

    @Override
    public void invalidatePage(long linear) {}

    @Override
    public long portRead(int port, int bytes) {
        return ++this.port & StringOperations.mask(bytes * 8);
    }

    @Override
    public void portWrite(int port, int bytes, long value) {
        this.port = value;
    }

    @Override
    public long externalMsrRead(int index) {
        return 0;
    }

    @Override
    public void externalMsrWrite(int index, long value) {}

    @Override
    public void hypercall() {}

    @Override
    public void halt() {}

    @Override
    public void taskPriorityChanged() {}

    @Override
    public long timeStampCounter() {
        return 0;
    }

    @Override
    public void setTimeStampCounter(long value) {}

    @Override
    public long random() {
        return 4;
    }
}
