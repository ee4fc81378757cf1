package org.xenolith.xen;

import org.xenolith.xen.abi.GrantTableAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenErrno;

/// `GNTTABOP_*`, already copied out of guest memory, but for lists: those are of `count` structures
/// at `list`.
sealed interface GrantTableOp {
    record MapGrantRef(long list, int count) implements GrantTableOp {}

    record UnmapGrantRef(long list, int count) implements GrantTableOp {}

    record SetupTable(int domain, long frames, long frameList) implements GrantTableOp {}

    record Copy(long list, int count) implements GrantTableOp {}

    record QuerySize(int domain) implements GrantTableOp {}

    record SetVersion(long version) implements GrantTableOp {}

    record GetVersion(int domain) implements GrantTableOp {}

    record SwapGrantRef(long list, int count) implements GrantTableOp {}

    static GrantTableOp parse(Call call) throws Refusal {
        int command = call.intArgument(1);
        long at = call.argument(2);
        int count = call.intArgument(3);
        // What HVM guests may not do is not there for them, whatever the other arguments are.
        Refusal.unless(isForGuests(command), XenErrno.ENOSYS);
        Refusal.unless(count >= 0, XenErrno.EINVAL);
        return switch (command) {
            case GrantTableAbi.GNTTABOP_map_grant_ref -> new MapGrantRef(at, count);
            case GrantTableAbi.GNTTABOP_unmap_grant_ref -> new UnmapGrantRef(at, count);
            case GrantTableAbi.GNTTABOP_setup_table -> {
                var in = single(call, count, GrantTableAbi.SETUP_TABLE);
                yield new SetupTable(in.getInt("dom"), in.get("nr_frames"), in.get("frame_list"));
            }
            case GrantTableAbi.GNTTABOP_copy -> new Copy(at, count);
            case GrantTableAbi.GNTTABOP_query_size ->
                    new QuerySize(single(call, count, GrantTableAbi.QUERY_SIZE).getInt("dom"));
            case GrantTableAbi.GNTTABOP_set_version ->
                    new SetVersion(call.copyIn(GrantTableAbi.SET_VERSION, at).get("version"));
            case GrantTableAbi.GNTTABOP_get_version ->
                    new GetVersion(call.copyIn(GrantTableAbi.GET_VERSION, at).getInt("dom"));
            case GrantTableAbi.GNTTABOP_swap_grant_ref -> new SwapGrantRef(at, count);
            default -> throw Refusal.of(XenErrno.ENOSYS);
        };
    }

    private static boolean isForGuests(int command) {
        return switch (command) {
            case GrantTableAbi.GNTTABOP_map_grant_ref,
                    GrantTableAbi.GNTTABOP_unmap_grant_ref,
                    GrantTableAbi.GNTTABOP_setup_table,
                    GrantTableAbi.GNTTABOP_copy,
                    GrantTableAbi.GNTTABOP_query_size,
                    GrantTableAbi.GNTTABOP_set_version,
                    GrantTableAbi.GNTTABOP_get_version,
                    GrantTableAbi.GNTTABOP_swap_grant_ref ->
                    true;
            default -> false;
        };
    }

    private static Struct.View single(Call call, int count, Struct struct) throws Refusal {
        Refusal.unless(count == 1, XenErrno.EINVAL);
        return call.copyIn(struct, call.argument(2));
    }
}
