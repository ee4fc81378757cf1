package org.xenolith.xen;

import org.xenolith.base.Sizes;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.VersionAbi;
import org.xenolith.xen.abi.XenErrno;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/// Who and what the hypervisor is (`XENVER_*`, xen/include/public/version.h). Has no state.
final class VersionOps {
    static final String CHANGE_SET = "unavailable";

    /// What Xen shows to domains that are not to know.
    private static final String DENIED = "<denied>";

    private static final int FEATURES =
            1 << VersionAbi.XENFEAT_writable_page_tables
                    | 1 << VersionAbi.XENFEAT_auto_translated_physmap
                    | 1 << VersionAbi.XENFEAT_hvm_callback_vector
                    | 1 << VersionAbi.XENFEAT_hvm_safe_pvclock
                    | 1 << VersionAbi.XENFEAT_memory_op_vnode_supported
                    | 1 << VersionAbi.XENFEAT_not_direct_mapped;

    private final UUID handle;

    VersionOps(UUID handle) {
        this.handle = handle;
    }

    /// What is asked for: `XENVER_*` and, for the features, which 32 of them.
    record Op(int command, int submap) {
        static Op parse(Call call) throws Refusal {
            int command = call.intArgument(1);
            int submap =
                    command == VersionAbi.XENVER_get_features
                            ? call.copyIn(VersionAbi.FEATURE_INFO, call.argument(2))
                                    .getInt("submap_idx")
                            : 0;
            return new Op(command, submap);
        }
    }

    HypercallResult perform(Op op, Call call) throws Refusal {
        long at = call.argument(2);
        switch (op.command) {
            case VersionAbi.XENVER_version -> {
                return Call.value(XenVersion.MAJOR << 16 | XenVersion.MINOR);
            }
            case VersionAbi.XENVER_extraversion ->
                    call.copyOut(at, text(XenVersion.EXTRA, VersionAbi.XEN_EXTRAVERSION_LEN));
            case VersionAbi.XENVER_compile_info -> call.copyOut(at, compileInfo(call.abi()));
            case VersionAbi.XENVER_capabilities ->
                    call.copyOut(
                            at,
                            text(XenVersion.CAPABILITIES, VersionAbi.XEN_CAPABILITIES_INFO_LEN));
            case VersionAbi.XENVER_changeset ->
                    call.copyOut(at, text(CHANGE_SET, VersionAbi.XEN_CHANGESET_INFO_LEN));
            case VersionAbi.XENVER_platform_parameters ->
                    call.copyOut(at, VersionAbi.PLATFORM_PARAMETERS.blank(call.abi()));
            case VersionAbi.XENVER_get_features -> {
                Refusal.unless(op.submap == 0, XenErrno.EINVAL);
                call.copyOutField(VersionAbi.FEATURE_INFO, at, "submap", FEATURES);
            }
            case VersionAbi.XENVER_pagesize -> {
                Refusal.unless(at == 0, XenErrno.EINVAL);
                return Call.value(Sizes.PAGE_BYTES);
            }
            case VersionAbi.XENVER_guest_handle -> call.copyOut(at, handleBytes());
            case VersionAbi.XENVER_commandline ->
                    call.copyOut(at, text(DENIED, DENIED.length() + 1));
            case VersionAbi.XENVER_build_id -> throw Refusal.of(XenErrno.EPERM);
            default -> throw Refusal.of(XenErrno.ENOSYS);
        }
        return Call.ok();
    }

    static byte[] text(String text, int bytes) {
        return Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), bytes);
    }

    static Struct.View compileInfo(Abi abi) {
        var view = VersionAbi.COMPILE_INFO.blank(abi);
        put(view, "compiler", "javac (OpenJDK) " + Runtime.version().feature());
        put(view, "compile_by", "xenolith");
        put(view, "compile_domain", "xenolith");
        put(view, "compile_date", "Thu Jan  1 00:00:00 UTC 2026");
        return view;
    }

    private static void put(Struct.View view, String field, String text) {
        var bytes = text.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < bytes.length; i++) {
            view.set(field, i, bytes[i]);
        }
    }

    private byte[] handleBytes() {
        var bytes = new byte[16];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (byte) (handle.getMostSignificantBits() >>> 8 * (7 - i));
            bytes[8 + i] = (byte) (handle.getLeastSignificantBits() >>> 8 * (7 - i));
        }
        return bytes;
    }
}
