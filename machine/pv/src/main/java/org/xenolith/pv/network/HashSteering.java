package org.xenolith.pv.network;

import org.xenolith.network.Frame;
import org.xenolith.network.Packet;
import org.xenolith.state.Bytes;
import org.xenolith.xen.abi.NetifAbi;

import java.util.Arrays;
import java.util.Optional;

/// On which queue a guest receives a frame, if it has said how that is to be found: by a hash over
/// addresses and ports (netif.h, "Hash types", "Hash algorithms"). Set through the control ring;
/// statuses are `XEN_NETIF_CTRL_STATUS_*`. May be used from any thread.
final class HashSteering {
    /// Bytes of a key; as many as Linux' back end takes.
    static final int KEY_BYTES_MAX = 40;

    /// Entries of the table from hashes to queues.
    static final int MAPPING_SIZE_MAX = 128;

    private static final int TYPES =
            NetifAbi.XEN_NETIF_CTRL_HASH_TYPE_IPV4
                    | NetifAbi.XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP
                    | NetifAbi.XEN_NETIF_CTRL_HASH_TYPE_IPV6
                    | NetifAbi.XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP;

    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_IPV6 = 0x86DD;
    private static final int IPV4_ADDRESSES = Frame.HEADER_BYTES + 12;
    private static final int IPV6_ADDRESSES = Frame.HEADER_BYTES + 8;
    private static final int PORTS_BYTES = 4;

    /// @param type `_XEN_NETIF_CTRL_HASH_TYPE_*`
    record Hash(int type, int value) {}

    /// What the guest has said. The arrays are never changed.
    private record Settings(int algorithm, int types, byte[] key, int[] mapping) {
        static final Settings NONE =
                new Settings(
                        NetifAbi.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE,
                        0,
                        new byte[KEY_BYTES_MAX],
                        new int[0]);
    }

    private volatile Settings settings = Settings.NONE;

    /// Forgets everything.
    void clear() {
        settings = Settings.NONE;
    }

    static boolean isAlgorithm(int number) {
        return number == NetifAbi.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE
                || number == NetifAbi.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ;
    }

    static boolean areTypes(int set) {
        return (set & ~TYPES) == 0;
    }

    NetworkState.Hash capture() {
        var now = settings;
        return new NetworkState.Hash(
                now.algorithm,
                now.types,
                Bytes.of(now.key),
                Arrays.stream(now.mapping).boxed().toList());
    }

    void restore(NetworkState.Hash state) {
        settings =
                new Settings(
                        state.algorithm(),
                        state.types(),
                        state.key().toArray(),
                        state.mapping().stream().mapToInt(queue -> queue).toArray());
    }

    // ---------------------------------------------------------------- what the control ring says

    int setAlgorithm(int algorithm) {
        if (!isAlgorithm(algorithm)) {
            return NetifAbi.XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
        }
        var now = settings;
        settings = new Settings(algorithm, now.types, now.key, now.mapping);
        return NetifAbi.XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    /// The types of hashes that there are; empty before an algorithm has been chosen.
    Optional<Integer> types() {
        return hasAlgorithm() ? Optional.of(TYPES) : Optional.empty();
    }

    int setTypes(int types) {
        if (!areTypes(types) || !hasAlgorithm()) {
            return NetifAbi.XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
        }
        var now = settings;
        settings = new Settings(now.algorithm, types, now.key, now.mapping);
        return NetifAbi.XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    private boolean hasAlgorithm() {
        return settings.algorithm != NetifAbi.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
    }

    /// @param key [#KEY_BYTES_MAX] at most; what is missing is zero
    int setKey(byte[] key) {
        var now = settings;
        settings =
                new Settings(
                        now.algorithm, now.types, Arrays.copyOf(key, KEY_BYTES_MAX), now.mapping);
        return NetifAbi.XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    /// @param size unsigned; 0 for none: queues are taken modulo their number
    int setMappingSize(int size) {
        if (Integer.compareUnsigned(size, MAPPING_SIZE_MAX) > 0) {
            return NetifAbi.XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
        }
        var now = settings;
        settings = new Settings(now.algorithm, now.types, now.key, new int[size]);
        return NetifAbi.XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    int mappingSize() {
        return settings.mapping.length;
    }

    /// @param offset so that `part` ends within the table
    /// @param queues how many there are
    int setMapping(int offset, int[] part, int queues) {
        for (int queue : part) {
            if (queue < 0 || queue >= queues) {
                return NetifAbi.XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
            }
        }
        var now = settings;
        var mapping = now.mapping.clone();
        System.arraycopy(part, 0, mapping, offset, part.length);
        settings = new Settings(now.algorithm, now.types, now.key, mapping);
        return NetifAbi.XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    // ---------------------------------------------------------------- frames

    /// The queue for a hash.
    ///
    /// @param queues how many there are
    int queue(Hash hash, int queues) {
        var mapping = settings.mapping;
        return mapping.length == 0
                ? Integer.remainderUnsigned(hash.value, queues)
                : mapping[Integer.remainderUnsigned(hash.value, mapping.length)] % queues;
    }

    /// The hash of the longest kind that the guest has chosen; empty if none fits.
    Optional<Hash> of(Frame frame) {
        var now = settings;
        if (now.algorithm == NetifAbi.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE || now.types == 0) {
            return Optional.empty();
        }
        var bytes = frame.bytes();
        return switch ((bytes[12] & 0xFF) << 8 | bytes[13] & 0xFF) {
            case TYPE_IPV4 ->
                    hash(
                            now,
                            frame,
                            NetifAbi._XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP,
                            NetifAbi._XEN_NETIF_CTRL_HASH_TYPE_IPV4,
                            IPV4_ADDRESSES,
                            8);
            case TYPE_IPV6 ->
                    hash(
                            now,
                            frame,
                            NetifAbi._XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP,
                            NetifAbi._XEN_NETIF_CTRL_HASH_TYPE_IPV6,
                            IPV6_ADDRESSES,
                            32);
            default -> Optional.empty();
        };
    }

    private static Optional<Hash> hash(
            Settings now, Frame frame, int withPorts, int without, int addresses, int length) {
        if ((now.types & 1 << withPorts) != 0) {
            var tcp =
                    Packet.of(frame.bytes(), frame.length())
                            .filter(packet -> packet.protocol() == Packet.TCP);
            if (tcp.isPresent()) {
                var input = Arrays.copyOfRange(frame.bytes(), addresses, addresses + length);
                var all = Arrays.copyOf(input, length + PORTS_BYTES);
                int ports = tcp.get().transport();
                System.arraycopy(frame.bytes(), ports, all, length, PORTS_BYTES);
                return Optional.of(new Hash(withPorts, toeplitz(now.key, all)));
            }
        }
        if ((now.types & 1 << without) == 0 || frame.length() < addresses + length) {
            return Optional.empty();
        }
        var input = Arrays.copyOfRange(frame.bytes(), addresses, addresses + length);
        return Optional.of(new Hash(without, toeplitz(now.key, input)));
    }

    /// The Toeplitz hash: the exclusive or of the key's 32 bits from each position at which the
    /// input has a bit set. A key that is too short goes on with zeros.
    static int toeplitz(byte[] key, byte[] input) {
        long window = 0;
        for (int i = 0; i < Integer.BYTES; i++) {
            window = window << 8 | at(key, i);
        }
        int hash = 0;
        for (int i = 0; i < input.length; i++) {
            // The 32 bits for this byte's first bit, and the eight that follow them.
            window = window << 8 | at(key, Integer.BYTES + i);
            for (int bit = 7; bit >= 0; bit--) {
                if ((input[i] >>> bit & 1) != 0) {
                    hash ^= (int) (window >>> bit + 1);
                }
            }
        }
        return hash;
    }

    private static int at(byte[] key, int index) {
        return index < key.length ? key[index] & 0xFF : 0;
    }
}
