package org.xenolith.xen;

import org.xenolith.xen.abi.SchedAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.ArrayList;
import java.util.List;

/// `SCHEDOP_*`, already copied out of guest memory.
sealed interface SchedOp {
    /// Ports that one poll may name.
    int POLL_PORTS_MAX = 128;

    record Yield() implements SchedOp {}

    record Block() implements SchedOp {}

    record Shutdown(int reason) implements SchedOp {}

    record ShutdownCode(int reason) implements SchedOp {}

    /// `timeout` is a system time, or 0 for none.
    record Poll(List<Integer> ports, long timeout) implements SchedOp {}

    record RemoteShutdown(int domain) implements SchedOp {}

    /// `timeout` is in seconds.
    record Watchdog(int id, long timeout) implements SchedOp {}

    static SchedOp parse(Call call) throws Refusal {
        long at = call.argument(2);
        return switch (call.intArgument(1)) {
            case SchedAbi.SCHEDOP_yield -> new Yield();
            case SchedAbi.SCHEDOP_block -> new Block();
            case SchedAbi.SCHEDOP_shutdown -> new Shutdown(reason(call, at));
            case SchedAbi.SCHEDOP_shutdown_code -> new ShutdownCode(reason(call, at));
            case SchedAbi.SCHEDOP_poll -> poll(call, at);
            case SchedAbi.SCHEDOP_remote_shutdown ->
                    new RemoteShutdown(
                            call.copyIn(SchedAbi.REMOTE_SHUTDOWN, at).getInt("domain_id"));
            case SchedAbi.SCHEDOP_watchdog -> {
                var in = call.copyIn(SchedAbi.WATCHDOG, at);
                yield new Watchdog(in.getInt("id"), in.get("timeout"));
            }
            case SchedAbi.SCHEDOP_pin_override -> throw Refusal.of(XenErrno.EPERM);
            default -> throw Refusal.of(XenErrno.ENOSYS);
        };
    }

    private static int reason(Call call, long at) throws Refusal {
        return call.copyIn(SchedAbi.SHUTDOWN, at).getInt("reason") & 0xFF;
    }

    private static Poll poll(Call call, long at) throws Refusal {
        var in = call.copyIn(SchedAbi.POLL, at);
        long count = in.get("nr_ports");
        Refusal.unless(count <= POLL_PORTS_MAX, XenErrno.EINVAL);
        var bytes = call.copyIn(in.get("ports"), (int) count * Integer.BYTES);
        var ports = new ArrayList<Integer>();
        for (int i = 0; i < bytes.length; i += Integer.BYTES) {
            ports.add(
                    bytes[i] & 0xFF
                            | (bytes[i + 1] & 0xFF) << 8
                            | (bytes[i + 2] & 0xFF) << 16
                            | bytes[i + 3] << 24);
        }
        return new Poll(List.copyOf(ports), in.get("timeout"));
    }
}
