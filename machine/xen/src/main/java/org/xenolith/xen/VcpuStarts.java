package org.xenolith.xen;

import org.xenolith.xen.VcpuStart.Segment;
import org.xenolith.xen.abi.HvmVcpuAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenErrno;

/// Checks a `struct vcpu_hvm_context` by the rules that Xen documents in
/// xen/include/public/hvm/hvm_vcpu.h; what breaks one is refused with `EINVAL`.
final class VcpuStarts {
    private static final int TYPE_CODE = 1 << 3;
    private static final int TYPE_WRITABLE_OR_READABLE = 1 << 1;
    private static final int ACCESSED = 1;
    private static final int NOT_SYSTEM = 1 << 4;
    private static final int PRESENT = 1 << 7;
    private static final int GRANULARITY = 1 << 11;
    private static final int TASK_BUSY_32 = 11;
    private static final int EFLAGS_ALL = 0x003F_7FD5;
    private static final int EFLAGS_ALWAYS_ONE = 2;
    private static final long CR0_PG = 1L << 31;
    private static final long CR4_PAE = 1L << 5;
    private static final long EFER_LME = 1L << 8;
    private static final long EFER_LMA = 1L << 10;

    /// SCE, LME, LMA, NXE, and FFXSR: what a guest's EFER may hold.
    private static final long EFER_ALLOWED = 1 | EFER_LME | EFER_LMA | 1L << 11 | 1L << 14;

    /// VME to PGE, PCE, OSFXSR, OSXMMEXCPT, UMIP, LA57, FSGSBASE, PCIDE, OSXSAVE, SMEP, SMAP, PKE.
    private static final long CR4_ALLOWED = 0x0077_1FFFL;

    private VcpuStarts() {}

    static VcpuStart parse(Struct.View in) throws Refusal {
        require(in.get("pad") == 0);
        return switch (in.getInt("mode")) {
            case HvmVcpuAbi.VCPU_HVM_MODE_32B -> mode32(in);
            case HvmVcpuAbi.VCPU_HVM_MODE_64B -> mode64(in);
            default -> throw Refusal.of(XenErrno.EINVAL);
        };
    }

    private static void require(boolean holds) throws Refusal {
        Refusal.unless(holds, XenErrno.EINVAL);
    }

    private static VcpuStart mode32(Struct.View in) throws Refusal {
        var cpu = "cpu_regs.x86_32.";
        require(in.get(cpu + "pad1") == 0);
        for (int i = 0; i < 3; i++) {
            require(in.get(cpu + "pad2", i) == 0);
        }
        var cs = segment(in, "cs");
        var ds = segment(in, "ds");
        var ss = segment(in, "ss");
        var es = segment(in, "es");
        var tr = segment(in, "tr");
        require(isUsable(cs) && (cs.attributes() & TYPE_CODE) != 0);
        require(isUsable(ss) && isWritableData(ss));
        require(isNull(ds) || isUsable(ds) && isReadable(ds));
        require(isNull(es) || isUsable(es) && isReadable(es));
        require((tr.attributes() & 0x1F) == TASK_BUSY_32 && (tr.attributes() & PRESENT) != 0);
        int eip = in.getInt(cpu + "eip");
        require(Integer.compareUnsigned(eip, cs.limit()) <= 0);
        require(privilege(ss) == privilege(cs));
        require(isNull(ds) || privilege(ds) <= privilege(cs));
        require(isNull(es) || privilege(es) <= privilege(cs));
        long efer = in.get(cpu + "efer");
        require((efer & EFER_LMA) == 0 || (efer & EFER_LME) != 0);
        checkControl(in.get(cpu + "cr4"), efer);
        return new VcpuStart.Mode32(
                in.getInt(cpu + "eax"),
                in.getInt(cpu + "ecx"),
                in.getInt(cpu + "edx"),
                in.getInt(cpu + "ebx"),
                in.getInt(cpu + "esp"),
                in.getInt(cpu + "ebp"),
                in.getInt(cpu + "esi"),
                in.getInt(cpu + "edi"),
                eip,
                in.getInt(cpu + "eflags") & EFLAGS_ALL | EFLAGS_ALWAYS_ONE,
                in.getInt(cpu + "cr0"),
                in.getInt(cpu + "cr3"),
                in.getInt(cpu + "cr4"),
                longModeActive(efer),
                cs,
                ds,
                ss,
                es,
                tr);
    }

    private static VcpuStart mode64(Struct.View in) throws Refusal {
        var cpu = "cpu_regs.x86_64.";
        long rip = in.get(cpu + "rip");
        require(rip << 16 >> 16 == rip);
        require((in.get(cpu + "cr0") & CR0_PG) != 0);
        require((in.get(cpu + "cr4") & CR4_PAE) != 0);
        require((in.get(cpu + "efer") & EFER_LME) != 0);
        checkControl(in.get(cpu + "cr4"), in.get(cpu + "efer"));
        return new VcpuStart.Mode64(
                in.get(cpu + "rax"),
                in.get(cpu + "rcx"),
                in.get(cpu + "rdx"),
                in.get(cpu + "rbx"),
                in.get(cpu + "rsp"),
                in.get(cpu + "rbp"),
                in.get(cpu + "rsi"),
                in.get(cpu + "rdi"),
                rip,
                in.get(cpu + "rflags") & EFLAGS_ALL | EFLAGS_ALWAYS_ONE,
                in.get(cpu + "cr0"),
                in.get(cpu + "cr3"),
                in.get(cpu + "cr4"),
                longModeActive(in.get(cpu + "efer")));
    }

    private static void checkControl(long cr4, long efer) throws Refusal {
        require((cr4 & ~CR4_ALLOWED) == 0);
        require((efer & ~EFER_ALLOWED) == 0);
    }

    private static long longModeActive(long efer) {
        return (efer & EFER_LME) == 0 ? efer : efer | EFER_LMA;
    }

    private static Segment segment(Struct.View in, String name) throws Refusal {
        var prefix = "cpu_regs.x86_32." + name;
        int attributes = in.getInt(prefix + "_ar");
        require(attributes >>> 12 == 0);
        if (name.equals("tr")) {
            attributes |= TYPE_WRITABLE_OR_READABLE;
        } else if ((attributes & PRESENT) != 0) {
            attributes |= ACCESSED;
        }
        int limit = in.getInt(prefix + "_limit");
        boolean inPages = (attributes & GRANULARITY) != 0;
        return new Segment(
                in.getInt(prefix + "_base"), inPages ? limit << 12 | 0xFFF : limit, attributes);
    }

    private static boolean isNull(Segment segment) {
        return segment.attributes() == 0;
    }

    private static boolean isUsable(Segment segment) {
        return (segment.attributes() & (NOT_SYSTEM | PRESENT)) == (NOT_SYSTEM | PRESENT);
    }

    private static boolean isWritableData(Segment segment) {
        return (segment.attributes() & (TYPE_CODE | TYPE_WRITABLE_OR_READABLE))
                == TYPE_WRITABLE_OR_READABLE;
    }

    private static boolean isReadable(Segment segment) {
        return (segment.attributes() & TYPE_CODE) == 0
                || (segment.attributes() & TYPE_WRITABLE_OR_READABLE) != 0;
    }

    private static int privilege(Segment segment) {
        return segment.attributes() >>> 5 & 3;
    }
}
