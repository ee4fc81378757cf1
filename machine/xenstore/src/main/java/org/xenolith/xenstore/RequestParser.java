package org.xenolith.xenstore;

import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;

/// Reads the payload of a message into a [Request]. Payloads come from guests: whatever they hold,
/// the answer is a request or a refusal.
final class RequestParser {
    private static final int DOMAIN_MAX = Permissions.DOMAIN_MAX;

    private RequestParser() {}

    /// The request of `message`, sent by `domain`.
    static Outcome<Request> parse(Message message, int domain) {
        var payload = message.payload();
        return switch (message.type()) {
            case Message.XS_DIRECTORY -> onePath(payload, domain, Request.Directory::new);
            case Message.XS_DIRECTORY_PART -> directoryPart(payload, domain);
            case Message.XS_READ -> onePath(payload, domain, Request.Read::new);
            case Message.XS_GET_PERMS -> getPermissions(payload, domain);
            case Message.XS_WRITE, Message.XS_MKDIR, Message.XS_RM, Message.XS_SET_PERMS ->
                    edit(message.type(), payload, domain).map(Request.Change::new);
            case Message.XS_WATCH -> watch(payload, domain);
            case Message.XS_UNWATCH -> unwatch(payload, domain);
            case Message.XS_RESET_WATCHES -> Outcome.done(new Request.ResetWatches());
            case Message.XS_TRANSACTION_START -> Outcome.done(new Request.TransactionStart());
            case Message.XS_TRANSACTION_END -> transactionEnd(payload);
            case Message.XS_GET_DOMAIN_PATH -> oneDomain(payload, Request.GetDomainPath::new);
            case Message.XS_IS_DOMAIN_INTRODUCED ->
                    oneDomain(payload, Request.IsDomainIntroduced::new);
            case Message.XS_INTRODUCE -> introduce(payload);
            case Message.XS_RELEASE -> oneDomain(payload, Request.Release::new);
            case Message.XS_RESUME -> oneDomain(payload, Request.Resume::new);
            case Message.XS_SET_TARGET -> setTarget(payload);
            case Message.XS_GET_FEATURE -> getFeatures(payload);
            case Message.XS_SET_FEATURE -> setFeatures(payload);
            case Message.XS_GET_QUOTA -> getQuota(payload);
            case Message.XS_SET_QUOTA -> setQuota(payload);
            case Message.XS_CONTROL -> control(payload);
            default -> Outcome.refused(StoreError.ENOSYS);
        };
    }

    /// The change that a message of that type and payload asks for.
    static Outcome<Edit> edit(int type, Bytes payload, int domain) {
        return switch (type) {
            case Message.XS_WRITE -> write(payload, domain);
            case Message.XS_MKDIR ->
                    only(payload).then(raw -> path(raw, domain)).map(Edit.MakeDirectory::new);
            case Message.XS_RM ->
                    only(payload).then(raw -> path(raw, domain)).map(Edit.Remove::new);
            case Message.XS_SET_PERMS -> setPermissions(payload, domain);
            default -> Outcome.refused(StoreError.ENOSYS);
        };
    }

    // ---------------------------------------------------------------- strings in a payload

    /// The strings of a payload that end with a nul; what follows the last nul is left out.
    private static List<String> strings(Bytes payload) {
        var text = Message.text(payload);
        var strings = new ArrayList<String>();
        int from = 0;
        for (int nul = text.indexOf('\0'); nul >= 0; nul = text.indexOf('\0', from)) {
            strings.add(text.substring(from, nul));
            from = nul + 1;
        }
        return strings;
    }

    /// The string that is all of the payload but the nul at its end.
    private static Outcome<String> only(Bytes payload) {
        var text = Message.text(payload);
        int nul = text.indexOf('\0');
        return nul >= 0 && nul == text.length() - 1
                ? Outcome.done(text.substring(0, nul))
                : Outcome.refused(StoreError.EINVAL);
    }

    private static <T> Outcome<T> malformed() {
        return Outcome.refused(StoreError.EINVAL);
    }

    /// A path of a node.
    private static Outcome<StorePath> path(String raw, int domain) {
        return StorePath.parse(raw, domain)
                .then(path -> path.isSpecial() ? malformed() : Outcome.done(path));
    }

    private static Outcome<Request> onePath(
            Bytes payload, int domain, Function<StorePath, Request> request) {
        return only(payload).then(raw -> path(raw, domain)).map(request);
    }

    private static Outcome<Integer> number(String digits, int most) {
        int value = Decimal.parse(digits, most);
        return value < 0 ? malformed() : Outcome.done(value);
    }

    private static Outcome<Request> oneDomain(Bytes payload, Function<Integer, Request> request) {
        return only(payload).then(digits -> number(digits, DOMAIN_MAX)).map(request);
    }

    // ---------------------------------------------------------------- nodes

    private static Outcome<Request> directoryPart(Bytes payload, int domain) {
        var strings = strings(payload);
        if (strings.size() != 2) {
            return malformed();
        }
        return number(strings.get(1), Integer.MAX_VALUE)
                .then(offset ->
                        path(strings.getFirst(), domain)
                                .map(path -> new Request.DirectoryPart(path, offset)));
    }

    private static Outcome<Request> getPermissions(Bytes payload, int domain) {
        return only(payload)
                .then(raw -> StorePath.parse(raw, domain))
                .map(Request.GetPermissions::new);
    }

    private static Outcome<Edit> write(Bytes payload, int domain) {
        var bytes = payload.toArray();
        for (int nul = 0; nul < bytes.length; nul++) {
            if (bytes[nul] == 0) {
                var raw = Message.text(Bytes.of(Arrays.copyOf(bytes, nul)));
                var value = Bytes.of(Arrays.copyOfRange(bytes, nul + 1, bytes.length));
                return path(raw, domain).map(path -> new Edit.Write(path, value));
            }
        }
        return malformed();
    }

    private static Outcome<Edit> setPermissions(Bytes payload, int domain) {
        var strings = strings(payload);
        if (strings.size() < 2) {
            return malformed();
        }
        return StorePath.parse(strings.getFirst(), domain)
                .then(path ->
                        Permissions.parse(strings.subList(1, strings.size()))
                                .map(all -> new Edit.SetPermissions(path, all)));
    }

    // ---------------------------------------------------------------- watches, transactions

    private static Outcome<Request> watch(Bytes payload, int domain) {
        var strings = strings(payload);
        if (strings.size() != 2 && strings.size() != 3) {
            return malformed();
        }
        int depth =
                strings.size() == 2
                        ? Watch.ANY_DEPTH
                        : Decimal.parse(strings.get(2), Integer.MAX_VALUE);
        if (strings.size() == 3 && depth < 0) {
            return malformed();
        }
        var raw = strings.getFirst();
        var relativeTo = StorePath.isRelative(raw) ? StorePath.ofDomain(domain) : "";
        return StorePath.parse(raw, domain)
                .map(path -> new Watch(path, strings.get(1), depth, relativeTo))
                .map(Request.AddWatch::new);
    }

    private static Outcome<Request> unwatch(Bytes payload, int domain) {
        var strings = strings(payload);
        if (strings.size() != 2) {
            return malformed();
        }
        return StorePath.parse(strings.getFirst(), domain)
                .map(path -> new Request.RemoveWatch(new Watch.Key(path, strings.get(1))));
    }

    private static Outcome<Request> transactionEnd(Bytes payload) {
        return only(payload)
                .then(word ->
                        switch (word) {
                            case "T" -> Outcome.done(new Request.TransactionEnd(true));
                            case "F" -> Outcome.done(new Request.TransactionEnd(false));
                            default -> malformed();
                        });
    }

    // ---------------------------------------------------------------- domains

    private static Outcome<Request> introduce(Bytes payload) {
        var strings = strings(payload);
        // The frame and the event channel are known to whoever attached the domain's ring.
        return strings.size() < 3
                ? malformed()
                : number(strings.getFirst(), DOMAIN_MAX).map(Request.Introduce::new);
    }

    private static Outcome<Request> setTarget(Bytes payload) {
        var strings = strings(payload);
        if (strings.size() < 2) {
            return malformed();
        }
        return number(strings.getFirst(), DOMAIN_MAX)
                .then(domain ->
                        number(strings.get(1), DOMAIN_MAX)
                                .map(target -> new Request.SetTarget(domain, target)));
    }

    private static Outcome<Request> getFeatures(Bytes payload) {
        var strings = strings(payload);
        return switch (strings.size()) {
            case 0 -> Outcome.done(new Request.GetFeatures(OptionalInt.empty()));
            case 1 ->
                    number(strings.getFirst(), DOMAIN_MAX)
                            .map(domain -> new Request.GetFeatures(OptionalInt.of(domain)));
            default -> malformed();
        };
    }

    private static Outcome<Request> setFeatures(Bytes payload) {
        var strings = strings(payload);
        if (strings.size() != 2) {
            return malformed();
        }
        return number(strings.getFirst(), DOMAIN_MAX)
                .then(domain ->
                        number(strings.get(1), Integer.MAX_VALUE)
                                .map(bits -> new Request.SetFeatures(domain, bits)));
    }

    private static Outcome<Request> getQuota(Bytes payload) {
        var strings = strings(payload);
        return switch (strings.size()) {
            case 0 -> Outcome.done(new Request.ListQuotas());
            case 1 -> quota(strings.get(0)).map(q -> new Request.GetQuota(OptionalInt.empty(), q));
            case 2 ->
                    number(strings.get(0), DOMAIN_MAX)
                            .then(domain ->
                                    quota(strings.get(1))
                                            .map(q ->
                                                    new Request.GetQuota(
                                                            OptionalInt.of(domain), q)));
            default -> malformed();
        };
    }

    private static Outcome<Request> setQuota(Bytes payload) {
        var strings = strings(payload);
        if (strings.size() != 2 && strings.size() != 3) {
            return malformed();
        }
        Outcome<OptionalInt> whose =
                strings.size() == 2
                        ? Outcome.done(OptionalInt.empty())
                        : number(strings.getFirst(), DOMAIN_MAX).map(OptionalInt::of);
        var name = strings.get(strings.size() - 2);
        return whose.then(domain ->
                quota(name)
                        .then(quota ->
                                number(strings.getLast(), Integer.MAX_VALUE)
                                        .map(limit -> new Request.SetQuota(domain, quota, limit))));
    }

    private static Outcome<Quota> quota(String spelling) {
        var quota = Quota.spelled(spelling);
        return quota == null ? malformed() : Outcome.done(quota);
    }

    private static Outcome<Request> control(Bytes payload) {
        var strings = strings(payload);
        return strings.isEmpty() ? malformed() : Outcome.done(new Request.Control(strings));
    }
}
