package org.xenolith.xenstore;

/// What a domain may have only so much of. The control domain has no quotas.
enum Quota {
    NODES("nodes", 1000),
    WATCHES("watches", 128),
    TRANSACTIONS("transactions", 10),
    NODE_SIZE("node-size", 2048),
    PERMISSIONS("permissions", 5),
    TRANSACTION_NODES("transaction-nodes", 1024);

    private final String spelling;
    private final int usual;

    Quota(String spelling, int usual) {
        this.spelling = spelling;
        this.usual = usual;
    }

    /// The name that GET_QUOTA and SET_QUOTA use.
    String spelling() {
        return spelling;
    }

    /// The limit of a store that was told nothing else; what Xen's own store uses.
    int usual() {
        return usual;
    }

    /// The quota of that spelling, or null.
    static Quota spelled(String spelling) {
        for (var quota : values()) {
            if (quota.spelling.equals(spelling)) {
                return quota;
            }
        }
        return null;
    }
}
