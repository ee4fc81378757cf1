package org.xenolith.board;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.engine.Vcpu;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.VcpuContext;

/// Guest memory as the code on one vCPU addresses it, for hypercalls. On the vCPU's thread.
final class LinearMemory implements VcpuContext {
    private final Vcpu vcpu;
    private final GuestMemory memory;

    LinearMemory(Vcpu vcpu, GuestMemory memory) {
        this.vcpu = vcpu;
        this.memory = memory;
    }

    @Override
    public int id() {
        return vcpu.id();
    }

    @Override
    public boolean copyIn(long linear, byte[] into, int from, int length) {
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, leftInPage(linear + done));
            long gpa = vcpu.translate(linear + done);
            if (gpa < 0 || !memory.read(gpa, into, from + done, part)) {
                return false;
            }
            done += part;
        }
        return true;
    }

    @Override
    public boolean copyOut(long linear, byte[] bytes, int from, int length) {
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, leftInPage(linear + done));
            long gpa = vcpu.translate(linear + done);
            if (gpa < 0 || !memory.write(gpa, bytes, from + done, part)) {
                return false;
            }
            done += part;
        }
        return true;
    }

    @Override
    public long translate(long linear) {
        return vcpu.translate(linear);
    }

    private static int leftInPage(long linear) {
        return PAGE_BYTES - (int) (linear & (PAGE_BYTES - 1));
    }
}
