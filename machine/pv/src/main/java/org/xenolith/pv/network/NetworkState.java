package org.xenolith.pv.network;

import static org.xenolith.state.StateException.require;

import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;
import java.util.HashSet;
import java.util.List;

/// What the back end of an interface has been told and is neither in the rings nor in the store.
///
/// @param linkUp whether the operator has the cable in
/// @param multicast addresses that the guest wants, as [MulticastFilter#address] makes them
public record NetworkState(boolean linkUp, Hash hash, List<Long> multicast) {
    public static final StateCodec<NetworkState> CODEC =
            StateCodec.of("network-interface", NetworkState.class, MethodHandles.lookup());

    private static final int ADDRESS_BITS = 48;

    public NetworkState {
        multicast = List.copyOf(multicast);
        require(
                multicast.size() <= MulticastFilter.ADDRESSES_MAX
                        && new HashSet<>(multicast).size() == multicast.size(),
                "multicast addresses are few, and each is there once");
        require(
                multicast.stream().allMatch(address -> address >>> ADDRESS_BITS == 0),
                "a multicast address has six bytes");
    }

    /// How received frames are spread over queues.
    ///
    /// @param algorithm `XEN_NETIF_CTRL_HASH_ALGORITHM_*`
    /// @param types a set of `XEN_NETIF_CTRL_HASH_TYPE_*`
    /// @param key of [HashSteering#KEY_BYTES_MAX] bytes
    /// @param mapping from hashes to queues
    public record Hash(int algorithm, int types, Bytes key, List<Integer> mapping) {
        public Hash {
            mapping = List.copyOf(mapping);
            require(HashSteering.isAlgorithm(algorithm), "there is no such hash algorithm");
            require(HashSteering.areTypes(types), "there are no such types of hashes");
            require(key.length() == HashSteering.KEY_BYTES_MAX, "a hash key has its length");
            require(
                    mapping.size() <= HashSteering.MAPPING_SIZE_MAX
                            && mapping.stream()
                                    .allMatch(queue ->
                                            queue >= 0 && queue < NetworkBackend.QUEUES_MAX),
                    "hashes are mapped to queues");
        }
    }
}
