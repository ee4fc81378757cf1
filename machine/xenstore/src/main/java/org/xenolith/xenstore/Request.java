package org.xenolith.xenstore;

import java.util.List;
import java.util.OptionalInt;

/// What a client asks for, copied out of its message and found well-formed. Meanings:
/// docs/misc/xenstore.txt in the Xen tree.
sealed interface Request {
    record Directory(StorePath path) implements Request {}

    /// @param offset byte of the whole list at which the wanted part begins
    record DirectoryPart(StorePath path, int offset) implements Request {}

    record Read(StorePath path) implements Request {}

    record GetPermissions(StorePath path) implements Request {}

    /// WRITE, MKDIR, RM, SET_PERMS.
    record Change(Edit edit) implements Request {}

    record AddWatch(Watch watch) implements Request {}

    record RemoveWatch(Watch.Key key) implements Request {}

    record ResetWatches() implements Request {}

    record TransactionStart() implements Request {}

    record TransactionEnd(boolean commit) implements Request {}

    record GetDomainPath(int domain) implements Request {}

    record IsDomainIntroduced(int domain) implements Request {}

    record Introduce(int domain) implements Request {}

    record Release(int domain) implements Request {}

    record Resume(int domain) implements Request {}

    record SetTarget(int domain, int target) implements Request {}

    /// @param domain empty to ask for what the client itself is offered
    record GetFeatures(OptionalInt domain) implements Request {}

    record SetFeatures(int domain, int features) implements Request {}

    /// Asks for the names of all quotas.
    record ListQuotas() implements Request {}

    /// @param domain empty for what new domains get
    record GetQuota(OptionalInt domain, Quota quota) implements Request {}

    record SetQuota(OptionalInt domain, Quota quota, int limit) implements Request {}

    record Control(List<String> words) implements Request {}

    /// The transaction that a message names does not matter to this request.
    default boolean ignoresTransaction() {
        return this instanceof AddWatch || this instanceof RemoveWatch;
    }

    /// Only the control domain may ask.
    default boolean isPrivileged() {
        return switch (this) {
            case IsDomainIntroduced r -> true;
            case Introduce r -> true;
            case Release r -> true;
            case Resume r -> true;
            case SetTarget r -> true;
            case SetFeatures r -> true;
            case ListQuotas r -> true;
            case GetQuota r -> true;
            case SetQuota r -> true;
            case Control r -> true;
            case GetFeatures r -> r.domain().isPresent();
            case Directory r -> false;
            case DirectoryPart r -> false;
            case Read r -> false;
            case GetPermissions r -> false;
            case Change r -> false;
            case AddWatch r -> false;
            case RemoveWatch r -> false;
            case ResetWatches r -> false;
            case TransactionStart r -> false;
            case TransactionEnd r -> false;
            case GetDomainPath r -> false;
        };
    }
}
