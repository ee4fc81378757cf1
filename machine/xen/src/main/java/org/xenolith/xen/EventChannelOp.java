package org.xenolith.xen;

import org.xenolith.xen.abi.EventChannelAbi;
import org.xenolith.xen.abi.XenErrno;

/// `EVTCHNOP_*`, already copied out of guest memory. The guest cannot change it under us.
sealed interface EventChannelOp {
    record AllocUnbound(int domain, int remote) implements EventChannelOp {}

    record BindInterdomain(int remote, int remotePort) implements EventChannelOp {}

    record BindVirq(int virq, int vcpu) implements EventChannelOp {}

    record BindPirq(int pirq) implements EventChannelOp {}

    record BindIpi(int vcpu) implements EventChannelOp {}

    record Close(int port) implements EventChannelOp {}

    record Send(int port) implements EventChannelOp {}

    record Status(int domain, int port) implements EventChannelOp {}

    record BindVcpu(int port, int vcpu) implements EventChannelOp {}

    record Unmask(int port) implements EventChannelOp {}

    record Reset(int domain) implements EventChannelOp {}

    record InitControl(long controlGfn, int offset, int vcpu) implements EventChannelOp {}

    record ExpandArray(long arrayGfn) implements EventChannelOp {}

    record SetPriority(int port, int priority) implements EventChannelOp {}

    static EventChannelOp parse(Call call) throws Refusal {
        long at = call.argument(2);
        return switch (call.intArgument(1)) {
            case EventChannelAbi.EVTCHNOP_alloc_unbound -> {
                var in = call.copyIn(EventChannelAbi.ALLOC_UNBOUND, at);
                yield new AllocUnbound(in.getInt("dom"), in.getInt("remote_dom"));
            }
            case EventChannelAbi.EVTCHNOP_bind_interdomain -> {
                var in = call.copyIn(EventChannelAbi.BIND_INTERDOMAIN, at);
                yield new BindInterdomain(in.getInt("remote_dom"), in.getInt("remote_port"));
            }
            case EventChannelAbi.EVTCHNOP_bind_virq -> {
                var in = call.copyIn(EventChannelAbi.BIND_VIRQ, at);
                yield new BindVirq(in.getInt("virq"), in.getInt("vcpu"));
            }
            case EventChannelAbi.EVTCHNOP_bind_pirq ->
                    new BindPirq(call.copyIn(EventChannelAbi.BIND_PIRQ, at).getInt("pirq"));
            case EventChannelAbi.EVTCHNOP_bind_ipi ->
                    new BindIpi(call.copyIn(EventChannelAbi.BIND_IPI, at).getInt("vcpu"));
            case EventChannelAbi.EVTCHNOP_close ->
                    new Close(call.copyIn(EventChannelAbi.CLOSE, at).getInt("port"));
            case EventChannelAbi.EVTCHNOP_send ->
                    new Send(call.copyIn(EventChannelAbi.SEND, at).getInt("port"));
            case EventChannelAbi.EVTCHNOP_status -> {
                var in = call.copyIn(EventChannelAbi.STATUS, at);
                yield new Status(in.getInt("dom"), in.getInt("port"));
            }
            case EventChannelAbi.EVTCHNOP_bind_vcpu -> {
                var in = call.copyIn(EventChannelAbi.BIND_VCPU, at);
                yield new BindVcpu(in.getInt("port"), in.getInt("vcpu"));
            }
            case EventChannelAbi.EVTCHNOP_unmask ->
                    new Unmask(call.copyIn(EventChannelAbi.UNMASK, at).getInt("port"));
            case EventChannelAbi.EVTCHNOP_reset ->
                    new Reset(call.copyIn(EventChannelAbi.RESET, at).getInt("dom"));
            case EventChannelAbi.EVTCHNOP_init_control -> {
                var in = call.copyIn(EventChannelAbi.INIT_CONTROL, at);
                yield new InitControl(
                        in.get("control_gfn"), in.getInt("offset"), in.getInt("vcpu"));
            }
            case EventChannelAbi.EVTCHNOP_expand_array ->
                    new ExpandArray(call.copyIn(EventChannelAbi.EXPAND_ARRAY, at).get("array_gfn"));
            case EventChannelAbi.EVTCHNOP_set_priority -> {
                var in = call.copyIn(EventChannelAbi.SET_PRIORITY, at);
                yield new SetPriority(in.getInt("port"), in.getInt("priority"));
            }
            default -> throw Refusal.of(XenErrno.ENOSYS);
        };
    }
}
