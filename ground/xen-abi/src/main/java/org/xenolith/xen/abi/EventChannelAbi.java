package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.array;
import static org.xenolith.xen.abi.Struct.nested;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u16;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u64;
import static org.xenolith.xen.abi.Struct.u8;
import static org.xenolith.xen.abi.Struct.union;

/// Numbers and structures of xen/include/public/event_channel.h.
public final class EventChannelAbi {
    public static final int EVTCHNOP_bind_interdomain = 0;
    public static final int EVTCHNOP_bind_virq = 1;
    public static final int EVTCHNOP_bind_pirq = 2;
    public static final int EVTCHNOP_close = 3;
    public static final int EVTCHNOP_send = 4;
    public static final int EVTCHNOP_status = 5;
    public static final int EVTCHNOP_alloc_unbound = 6;
    public static final int EVTCHNOP_bind_ipi = 7;
    public static final int EVTCHNOP_bind_vcpu = 8;
    public static final int EVTCHNOP_unmask = 9;
    public static final int EVTCHNOP_reset = 10;
    public static final int EVTCHNOP_init_control = 11;
    public static final int EVTCHNOP_expand_array = 12;
    public static final int EVTCHNOP_set_priority = 13;

    public static final int EVTCHNSTAT_closed = 0;
    public static final int EVTCHNSTAT_unbound = 1;
    public static final int EVTCHNSTAT_interdomain = 2;
    public static final int EVTCHNSTAT_pirq = 3;
    public static final int EVTCHNSTAT_virq = 4;
    public static final int EVTCHNSTAT_ipi = 5;

    public static final int EVTCHN_FIFO_PRIORITY_MAX = 0;
    public static final int EVTCHN_FIFO_PRIORITY_DEFAULT = 7;
    public static final int EVTCHN_FIFO_PRIORITY_MIN = 15;
    public static final int EVTCHN_FIFO_MAX_QUEUES = 16;
    public static final int EVTCHN_FIFO_PENDING = 31;
    public static final int EVTCHN_FIFO_MASKED = 30;
    public static final int EVTCHN_FIFO_LINKED = 29;
    public static final int EVTCHN_FIFO_BUSY = 28;
    public static final int EVTCHN_FIFO_LINK_BITS = 17;
    public static final int EVTCHN_FIFO_LINK_MASK = 131071;
    public static final int EVTCHN_FIFO_NR_CHANNELS = 131072;

    public static final Struct ALLOC_UNBOUND =
            struct("struct evtchn_alloc_unbound", u16("dom"), u16("remote_dom"), u32("port"));

    public static final Struct BIND_INTERDOMAIN =
            struct(
                    "struct evtchn_bind_interdomain",
                    u16("remote_dom"),
                    u32("remote_port"),
                    u32("local_port"));

    public static final Struct BIND_VIRQ =
            struct("struct evtchn_bind_virq", u32("virq"), u32("vcpu"), u32("port"));

    public static final Struct BIND_PIRQ =
            struct("struct evtchn_bind_pirq", u32("pirq"), u32("flags"), u32("port"));

    public static final Struct BIND_IPI =
            struct("struct evtchn_bind_ipi", u32("vcpu"), u32("port"));

    public static final Struct CLOSE = struct("struct evtchn_close", u32("port"));

    public static final Struct SEND = struct("struct evtchn_send", u32("port"));

    public static final Struct STATUS =
            struct(
                    "struct evtchn_status",
                    u16("dom"),
                    u32("port"),
                    u32("status"),
                    u32("vcpu"),
                    nested(
                            "u",
                            union(
                                    "anonymous",
                                    nested("unbound", struct("anonymous", u16("dom"))),
                                    nested(
                                            "interdomain",
                                            struct("anonymous", u16("dom"), u32("port"))),
                                    u32("pirq"),
                                    u32("virq"))));

    public static final Struct BIND_VCPU =
            struct("struct evtchn_bind_vcpu", u32("port"), u32("vcpu"));

    public static final Struct UNMASK = struct("struct evtchn_unmask", u32("port"));

    public static final Struct RESET = struct("struct evtchn_reset", u16("dom"));

    public static final Struct INIT_CONTROL =
            struct(
                    "struct evtchn_init_control",
                    u64("control_gfn"),
                    u32("offset"),
                    u32("vcpu"),
                    u8("link_bits"),
                    array(7, u8("_pad")));

    public static final Struct EXPAND_ARRAY =
            struct("struct evtchn_expand_array", u64("array_gfn"));

    public static final Struct SET_PRIORITY =
            struct("struct evtchn_set_priority", u32("port"), u32("priority"));

    public static final Struct FIFO_CONTROL_BLOCK =
            struct(
                    "struct evtchn_fifo_control_block",
                    u32("ready"),
                    u32("_rsvd"),
                    array(16, u32("head")));

    private EventChannelAbi() {}
}
