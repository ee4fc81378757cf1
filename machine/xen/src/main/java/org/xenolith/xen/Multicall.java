package org.xenolith.xen;

import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

/// Several hypercalls in one (`struct multicall_entry`, xen/include/public/xen.h). Has no state.
final class Multicall {
    private static final int ARGUMENTS = 5;

    private final Hypercalls hypercalls;

    Multicall(Hypercalls hypercalls) {
        this.hypercalls = hypercalls;
    }

    /// `count` entries at `list`.
    record Op(long list, long count) {
        static Op parse(Call call) {
            return new Op(call.argument(1), call.argument(2));
        }
    }

    /// Each entry is read when its turn comes, so that it may depend on the results before it. What
    /// puts the vCPU to sleep does so after the last entry; what stops it ends the list.
    HypercallResult perform(Op op, Call call) throws Refusal {
        HypercallResult outcome = Call.ok();
        for (int i = 0; Long.compareUnsigned(i, op.count) < 0; i++) {
            Refusal.unless(call.spend(1), XenErrno.E2BIG);
            long at = op.list + (long) i * XenAbi.MULTICALL_ENTRY.size(call.abi());
            var entry = call.copyIn(XenAbi.MULTICALL_ENTRY, at);
            var arguments = new long[ARGUMENTS];
            for (int argument = 0; argument < ARGUMENTS; argument++) {
                arguments[argument] = entry.get("args", argument);
            }
            long number = entry.get("op");
            var result =
                    number == XenAbi.__HYPERVISOR_multicall
                            ? Call.value(XenErrno.EINVAL.negative())
                            : hypercalls.perform(call.sub(number, arguments));
            call.copyOutField(XenAbi.MULTICALL_ENTRY, at, "result", result.value());
            outcome = combine(outcome, result);
            if (ends(outcome)) {
                break;
            }
        }
        return outcome;
    }

    private static HypercallResult combine(HypercallResult before, HypercallResult after) {
        return switch (after) {
            case HypercallResult.Value _ -> before;
            case HypercallResult.Yield _ ->
                    before instanceof HypercallResult.Block ? before : new HypercallResult.Yield(0);
            case HypercallResult.Block _ -> new HypercallResult.Block(0);
            case HypercallResult.Down _ -> new HypercallResult.Down(0);
            case HypercallResult.Stop _ -> new HypercallResult.Stop(0);
        };
    }

    private static boolean ends(HypercallResult outcome) {
        return switch (outcome) {
            case HypercallResult.Down _, HypercallResult.Stop _ -> true;
            case HypercallResult.Value _, HypercallResult.Yield _, HypercallResult.Block _ -> false;
        };
    }
}
