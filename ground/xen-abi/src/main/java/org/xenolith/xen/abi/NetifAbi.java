package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.array;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u16;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u8;

/// Numbers and structures of xen/include/public/io/netif.h, and of the rings in io/ring.h that
/// carry them. All are the same for both ABIs.
///
/// [#SRING] is the head of each of the three kinds of rings; entries begin at
/// [#SRING_ENTRIES_OFFSET].
public final class NetifAbi {
    /// Slots that a packet of either end may take at least.
    public static final int XEN_NETIF_NR_SLOTS_MIN = 18;

    public static final int XEN_NETIF_MAX_TX_SIZE = 0xFFFF;

    public static final int NETTXF_csum_blank = 1;
    public static final int NETTXF_data_validated = 1 << 1;
    public static final int NETTXF_more_data = 1 << 2;
    public static final int NETTXF_extra_info = 1 << 3;

    public static final int NETRXF_data_validated = 1;
    public static final int NETRXF_csum_blank = 1 << 1;
    public static final int NETRXF_more_data = 1 << 2;
    public static final int NETRXF_extra_info = 1 << 3;

    public static final int XEN_NETIF_EXTRA_TYPE_NONE = 0;
    public static final int XEN_NETIF_EXTRA_TYPE_GSO = 1;
    public static final int XEN_NETIF_EXTRA_TYPE_MCAST_ADD = 2;
    public static final int XEN_NETIF_EXTRA_TYPE_MCAST_DEL = 3;
    public static final int XEN_NETIF_EXTRA_TYPE_HASH = 4;

    public static final int XEN_NETIF_EXTRA_FLAG_MORE = 1;

    public static final int XEN_NETIF_GSO_TYPE_NONE = 0;
    public static final int XEN_NETIF_GSO_TYPE_TCPV4 = 1;
    public static final int XEN_NETIF_GSO_TYPE_TCPV6 = 2;

    public static final int NETIF_RSP_DROPPED = -2;
    public static final int NETIF_RSP_ERROR = -1;
    public static final int NETIF_RSP_OKAY = 0;
    public static final int NETIF_RSP_NULL = 1;

    public static final int XEN_NETIF_CTRL_TYPE_INVALID = 0;
    public static final int XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS = 1;
    public static final int XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS = 2;
    public static final int XEN_NETIF_CTRL_TYPE_SET_HASH_KEY = 3;
    public static final int XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE = 4;
    public static final int XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE = 5;
    public static final int XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING = 6;
    public static final int XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM = 7;
    public static final int XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE = 8;
    public static final int XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING = 9;
    public static final int XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING = 10;

    public static final int XEN_NETIF_CTRL_STATUS_SUCCESS = 0;
    public static final int XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED = 1;
    public static final int XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER = 2;
    public static final int XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW = 3;

    public static final int XEN_NETIF_CTRL_HASH_ALGORITHM_NONE = 0;
    public static final int XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ = 1;

    /// Numbers of the types of hashes, as an extra info has them.
    public static final int _XEN_NETIF_CTRL_HASH_TYPE_IPV4 = 0;

    public static final int _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP = 1;
    public static final int _XEN_NETIF_CTRL_HASH_TYPE_IPV6 = 2;
    public static final int _XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP = 3;

    /// The same as bits of a set.
    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV4 = 1;

    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP = 1 << 1;
    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV6 = 1 << 2;
    public static final int XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP = 1 << 3;

    /// Bytes from the start of a ring to its first entry.
    public static final int SRING_ENTRIES_OFFSET = 64;

    /// Bytes of an entry of a ring for what the guest transmits.
    public static final int TX_ENTRY_BYTES = 12;

    /// Bytes of an entry of a ring for what the guest receives.
    public static final int RX_ENTRY_BYTES = 8;

    /// Bytes of an entry of a control ring.
    public static final int CTRL_ENTRY_BYTES = 16;

    public static final Struct SRING =
            struct(
                    "struct netif_tx_sring",
                    u32("req_prod"),
                    u32("req_event"),
                    u32("rsp_prod"),
                    u32("rsp_event"));

    public static final Struct TX_REQUEST =
            struct(
                    "struct netif_tx_request",
                    u32("gref"),
                    u16("offset"),
                    u16("flags"),
                    u16("id"),
                    u16("size"));

    public static final Struct TX_RESPONSE =
            struct("struct netif_tx_response", u16("id"), u16("status"));

    public static final Struct RX_REQUEST =
            struct("struct netif_rx_request", u16("id"), u16("pad"), u32("gref"));

    public static final Struct RX_RESPONSE =
            struct(
                    "struct netif_rx_response",
                    u16("id"),
                    u16("offset"),
                    u16("flags"),
                    u16("status"));

    private static final Struct EXTRA_GSO =
            struct("gso", u16("size"), u8("type"), u8("pad"), u16("features"));

    private static final Struct EXTRA_MULTICAST = struct("mcast", array(6, u8("addr")));

    private static final Struct EXTRA_HASH =
            struct("hash", u8("type"), u8("algorithm"), array(4, u8("value")));

    public static final Struct EXTRA_INFO =
            struct(
                    "struct netif_extra_info",
                    u8("type"),
                    u8("flags"),
                    Struct.nested(
                            "u",
                            Struct.union(
                                    "u",
                                    Struct.nested("gso", EXTRA_GSO),
                                    Struct.nested("mcast", EXTRA_MULTICAST),
                                    Struct.nested("hash", EXTRA_HASH))));

    public static final Struct CTRL_REQUEST =
            struct("struct xen_netif_ctrl_request", u16("id"), u16("type"), array(3, u32("data")));

    public static final Struct CTRL_RESPONSE =
            struct(
                    "struct xen_netif_ctrl_response",
                    u16("id"),
                    u16("type"),
                    u32("status"),
                    u32("data"));

    private NetifAbi() {}
}
