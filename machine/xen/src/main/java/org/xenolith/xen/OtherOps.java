package org.xenolith.xen;

import org.xenolith.base.DomainId;
import org.xenolith.xen.abi.PhysdevAbi;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

/// Small hypercalls, and those that Xen has for others than domU guests, which it refuses. Has no
/// state of its own.
final class OtherOps {
    /// `XEN_SYSCTL_INTERFACE_VERSION` and `XEN_DOMCTL_INTERFACE_VERSION` of Xen 4.17.
    private static final int TOOL_INTERFACE_VERSION = 0x15;

    /// `XENPF_INTERFACE_VERSION`.
    private static final int PLATFORM_INTERFACE_VERSION = 0x03000001;

    /// Bytes that one `CONSOLEIO_write` may have.
    private static final int CONSOLE_BYTES_MAX = 1 << 20;

    private static final int CONSOLE_PIECE_BYTES = 4096;

    private final DomainId self;
    private final DomainLock lock;
    private final DomainHost host;
    private final RunStates runStates;

    OtherOps(DomainId self, DomainLock lock, DomainHost host, RunStates runStates) {
        this.self = self;
        this.lock = lock;
        this.host = host;
        this.runStates = runStates;
    }

    // ---------------------------------------------------------------- console_io

    /// `CONSOLEIO_write` of `count` bytes.
    record ConsoleWrite(long buffer, int count) {
        /// Reading the console is for the control domain. Writing is as on a Xen built for
        /// debugging: release builds refuse it to guests.
        static ConsoleWrite parse(Call call) throws Refusal {
            Refusal.unless(call.intArgument(1) == XenAbi.CONSOLEIO_write, XenErrno.EPERM);
            int count = call.intArgument(2);
            Refusal.unless(count >= 0 && count <= CONSOLE_BYTES_MAX, XenErrno.E2BIG);
            return new ConsoleWrite(call.argument(3), count);
        }
    }

    HypercallResult write(ConsoleWrite op, Call call) throws Refusal {
        for (int done = 0; done < op.count; done += CONSOLE_PIECE_BYTES) {
            int part = Math.min(CONSOLE_PIECE_BYTES, op.count - done);
            host.consoleOutput(call.copyIn(op.buffer + done, part));
        }
        return Call.ok();
    }

    // ---------------------------------------------------------------- vm_assist

    record VmAssist(boolean enable) {
        static VmAssist parse(Call call) throws Refusal {
            // The one assist that a guest with a memory map of its own can have.
            Refusal.unless(
                    call.intArgument(2) == XenAbi.VMASST_TYPE_runstate_update_flag,
                    XenErrno.EINVAL);
            return switch (call.intArgument(1)) {
                case XenAbi.VMASST_CMD_enable -> new VmAssist(true);
                case XenAbi.VMASST_CMD_disable -> new VmAssist(false);
                default -> throw Refusal.of(XenErrno.ENOSYS);
            };
        }
    }

    HypercallResult assist(VmAssist op, Call call) {
        lock.run(() -> runStates.setUpdateFlag(op.enable));
        return Call.ok();
    }

    // ---------------------------------------------------------------- refusals

    /// `physdev_op`: there are no physical interrupts, and they are not a guest's to map.
    HypercallResult physdev(Call call) throws Refusal {
        int command = call.intArgument(1);
        boolean map =
                command == PhysdevAbi.PHYSDEVOP_map_pirq
                        || command == PhysdevAbi.PHYSDEVOP_unmap_pirq;
        Refusal.unless(map, XenErrno.ENOSYS);
        // Both structures begin with the domain.
        var bytes = call.copyIn(call.argument(2), 8);
        Call.requireSelf(bytes[0] & 0xFF | (bytes[1] & 0xFF) << 8, self);
        throw Refusal.of(XenErrno.EPERM);
    }

    /// `sysctl` and `domctl`: the interface version is checked before the privilege, so that tools
    /// find it out.
    HypercallResult toolInterface(Call call) throws Refusal {
        throw refused(call, 4, TOOL_INTERFACE_VERSION);
    }

    /// `platform_op`.
    HypercallResult platform(Call call) throws Refusal {
        throw refused(call, 4, PLATFORM_INTERFACE_VERSION);
    }

    private static Refusal refused(Call call, int versionOffset, int version) throws Refusal {
        var bytes = call.copyIn(call.argument(1), 8);
        int found = 0;
        for (int i = 3; i >= 0; i--) {
            found = found << 8 | bytes[versionOffset + i] & 0xFF;
        }
        return Refusal.of(found == version ? XenErrno.EPERM : XenErrno.EACCES);
    }

    /// `dm_op`: a device model's, for another domain than its own.
    HypercallResult deviceModel(Call call) throws Refusal {
        int domain = call.intArgument(1) & 0xFFFF;
        boolean known =
                domain == DomainId.SELF
                        || domain == self.value()
                        || domain == DomainId.CONTROL.value();
        throw Refusal.of(known ? XenErrno.EPERM : XenErrno.ESRCH);
    }
}
