package org.xenolith.device;

/// What happens to a device when its machine moves. Declared by each device; there is no default.
public sealed interface Migratability {
    /// Its state record is sent.
    record Migratable() implements Migratability {}

    /// It has no state that the guest could notice.
    record Stateless() implements Migratability {}

    /// The machine cannot move; `reason` is shown to the operator.
    record Pinned(String reason) implements Migratability {}
}
