package org.xenolith.xen;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.XenAbi;

/// The page of stubs through which older guests make hypercalls: 32 bytes each, number by number.
/// Has no state: the page is the guest's.
final class HypercallPage {
    private static final int STUB_BYTES = 32;
    private static final int MOV_EAX = 0xB8;
    private static final int RET = 0xC3;
    private static final int[] VMCALL = {0x0F, 0x01, 0xC1};
    private static final int[] VMMCALL = {0x0F, 0x01, 0xD9};
    private static final int[] UD2 = {0x0F, 0x0B};

    private final GuestMemory memory;
    private final int[] instruction;

    HypercallPage(DomainSpec spec, GuestMemory memory) {
        this.memory = memory;
        this.instruction =
                switch (spec.hypercall()) {
                    case VMCALL -> VMCALL;
                    case VMMCALL -> VMMCALL;
                };
    }

    /// Fills the page at guest-physical address `value`. False if that is not the address of a page
    /// of RAM.
    boolean fill(long value) {
        long gfn = value >>> Sizes.PAGE_SHIFT;
        if ((value & Sizes.PAGE_BYTES - 1) != 0 || memory.frameAt(gfn) < 0) {
            return false;
        }
        for (int number = 0; number < Sizes.PAGE_BYTES / STUB_BYTES; number++) {
            long stub = value + (long) number * STUB_BYTES;
            if (number == XenAbi.__HYPERVISOR_iret) {
                // Not a hypercall that HVM guests have.
                write(stub, UD2);
                continue;
            }
            memory.writeByte(stub, MOV_EAX);
            memory.writeInt(stub + 1, number);
            write(stub + 5, instruction);
            memory.writeByte(stub + 5 + instruction.length, RET);
        }
        return true;
    }

    private void write(long gpa, int[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            memory.writeByte(gpa + i, bytes[i]);
        }
    }
}
