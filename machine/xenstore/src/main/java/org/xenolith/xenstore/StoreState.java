package org.xenolith.xenstore;

import static org.xenolith.state.StateException.require;

import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;
import java.util.List;

/// State of the store: the tree, and what domains have under way. Paths, tokens and values are
/// bytes as on the wire. Connections and watches of the host are not part of it.
///
/// @param trees the tree first; then the trees on which transactions began
/// @param usualQuotas what new domains get
/// @param settings of the domains that have their own, by number
/// @param connections of the introduced domains, by number
public record StoreState(
        List<TreeState> trees,
        Quotas usualQuotas,
        List<SettingsState> settings,
        List<ConnectionState> connections) {
    public static final StateCodec<StoreState> CODEC =
            StateCodec.of("xenstore", StoreState.class, MethodHandles.lookup());

    public StoreState {
        require(!trees.isEmpty(), "a store has a tree");
        trees = List.copyOf(trees);
        settings = List.copyOf(settings);
        connections = List.copyOf(connections);
    }

    /// A tree.
    ///
    /// @param nodes parents before their children, the root and the special watches' included
    /// @param generation number of the last change
    public record TreeState(List<NodeState> nodes, long generation) {
        public TreeState {
            nodes = List.copyOf(nodes);
        }
    }

    /// A node.
    public record NodeState(Bytes path, Bytes value, Permissions permissions, long generation) {}

    /// What a domain is offered and allowed.
    public record SettingsState(int domain, int features, Quotas quotas) {
        public SettingsState {
            requireDomain(domain);
            require((features & ~StoreCore.FEATURES) == 0, "a domain's features are known ones");
        }
    }

    /// What a domain has under way.
    ///
    /// @param target the domain as which it may act too, or -1
    /// @param shutDown it has been reported as shut down
    /// @param broken it is not listened to before it reconnects
    /// @param partialInput the beginning of a message
    /// @param partlySent the end of a message whose beginning the domain has been given
    /// @param waiting messages for the domain
    /// @param nextTransaction where the search for a free number begins
    public record ConnectionState(
            int domain,
            int target,
            boolean shutDown,
            boolean broken,
            Bytes partialInput,
            Bytes partlySent,
            List<Message> waiting,
            List<WatchState> watches,
            List<TransactionState> transactions,
            int nextTransaction) {
        public ConnectionState {
            requireDomain(domain);
            require(target >= -1 && target <= Permissions.DOMAIN_MAX, "a target is a domain");
            int most = Message.HEADER_BYTES + Message.PAYLOAD_BYTES_MAX;
            require(partialInput.length() < most, "partial input is less than a message");
            require(partlySent.length() < most, "what is partly sent is less than a message");
            waiting = List.copyOf(waiting);
            watches = List.copyOf(watches);
            transactions = List.copyOf(transactions);
        }
    }

    /// A watch.
    ///
    /// @param depth how many levels count, or -1 for all
    /// @param relative it was set with a path relative to the domain's
    public record WatchState(Bytes path, Bytes token, int depth, boolean relative) {
        public WatchState {
            require(depth >= -1, "a watch's depth is not negative");
        }
    }

    /// A transaction that is open.
    ///
    /// @param id its number, not 0
    /// @param base which of the state's trees it began with
    /// @param edits what it has changed, in order
    /// @param touched the paths on which it depends
    public record TransactionState(
            int id, int base, List<EditState> edits, List<TouchState> touched) {
        public TransactionState {
            require(id != 0, "a transaction's number is not 0");
            edits = List.copyOf(edits);
            touched = List.copyOf(touched);
        }
    }

    /// A change, in the form of the message that asks for it.
    public record EditState(int type, Bytes payload) {}

    /// A path on which a transaction depends.
    ///
    /// @param children its list of children matters too
    public record TouchState(Bytes path, boolean children) {}

    private static void requireDomain(int domain) {
        require(domain >= 0 && domain <= Permissions.DOMAIN_MAX, "a domain is 0 to 65535");
    }
}
