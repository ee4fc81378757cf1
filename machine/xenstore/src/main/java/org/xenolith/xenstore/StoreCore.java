package org.xenolith.xenstore;

import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The store itself: answers requests and lets watches fire. Knows nothing of threads and rings;
/// guarded by the lock of [XenStore].
final class StoreCore {
    /// `XENSTORE_SERVER_FEATURE_RECONNECTION | _ERROR | _WATCHDEPTH`.
    static final int FEATURES = 7;

    static final int FEATURE_WATCH_DEPTH = 4;

    /// `DOMID_SELF`, which always counts as introduced.
    private static final int DOMAIN_SELF = 0x7FF0;

    private static final Bytes OK = Message.text("OK\0");

    /// A domain that was introduced.
    static final class Domain {
        final Connection connection;

        /// Has been reported as shut down; RESUME takes that back.
        boolean shutDown;

        Domain(Connection connection) {
            this.connection = connection;
        }
    }

    /// What SET_FEATURE and SET_QUOTA decide for a domain.
    record Settings(int features, Quotas quotas) {}

    /// @param state of `tree`
    record CapturedTree(Tree tree, StoreState.TreeState state) {}

    /// A listener in this process.
    record Subscription(Watch watch, StoreListener listener) {}

    Tree tree = Tree.empty();

    /// What a tree was captured as last. A cache, since a machine that is mirrored is captured many
    /// times a second, and its store seldom changes.
    Optional<CapturedTree> captured = Optional.empty();

    Quotas usualQuotas = Quotas.USUAL;
    final Map<Integer, Settings> settings = new TreeMap<>();
    final Map<Integer, Domain> domains = new TreeMap<>();

    /// Clients that are not introduced domains.
    final Set<Connection> sockets = new LinkedHashSet<>();

    private final Set<Subscription> subscriptions = new LinkedHashSet<>();

    /// What must happen once the reply of the request under way is queued: watches fire.
    private final List<Runnable> afterReply = new ArrayList<>();

    /// Calls that must be made once the lock is free.
    private Set<Runnable> deliveries = new LinkedHashSet<>();

    /// Has `call` made once the lock is free.
    void deliver(Runnable call) {
        deliveries.add(call);
    }

    /// The calls to make now that the lock is free.
    Set<Runnable> takeDeliveries() {
        var due = deliveries;
        deliveries = new LinkedHashSet<>();
        return due;
    }

    // ---------------------------------------------------------------- clients

    /// Serves what a client has sent. Returns how many bytes were taken: all, unless the client has
    /// to read first or has broken the protocol.
    int feed(Connection client, byte[] bytes, int from, int length) {
        int taken = 0;
        while (taken < length && client.takesRequests() && !client.input().isTooLong()) {
            taken += client.input().feed(bytes, from + taken, length - taken);
            if (client.input().isComplete()) {
                handle(client, client.input().take());
            }
        }
        return taken;
    }

    private void handle(Connection client, Message message) {
        var outcome =
                RequestParser.parse(message, client.domain())
                        .then(request -> perform(client, message.transactionId(), request));
        client.reply(
                switch (outcome) {
                    case Outcome.Done<Bytes>(var answer) -> message.answered(answer);
                    case Outcome.Refused<Bytes>(var error) -> message.refused(error);
                });
        fire();
    }

    private void fire() {
        afterReply.forEach(Runnable::run);
        afterReply.clear();
    }

    private Quotas quotasOf(Connection client) {
        return settingsOf(client.domain()).quotas();
    }

    Settings settingsOf(int domain) {
        return settings.getOrDefault(domain, new Settings(FEATURES, usualQuotas));
    }

    // ---------------------------------------------------------------- requests

    private Outcome<Bytes> perform(Connection client, int transactionId, Request request) {
        if (request.isPrivileged() && !client.rights().isPrivileged()) {
            return Outcome.refused(StoreError.EACCES);
        }
        if (transactionId == 0 || request.ignoresTransaction()) {
            return perform(client, View.of(this, client), request);
        }
        return client.transaction(transactionId)
                .then(transaction -> perform(client, View.of(this, client, transaction), request));
    }

    private Outcome<Bytes> perform(Connection client, View view, Request request) {
        return switch (request) {
            case Request.Directory r -> view.look(r.path(), true).map(Directories::whole);
            case Request.DirectoryPart r ->
                    view.look(r.path(), true).map(node -> Directories.part(node, r.offset()));
            case Request.Read r -> view.look(r.path(), false).map(Node::value);
            case Request.GetPermissions r ->
                    view.look(r.path(), false).map(node -> strings(node.permissions().spelled()));
            case Request.Change r -> view.apply(r.edit()).map(done -> OK);
            case Request.AddWatch r -> addWatch(client, r.watch());
            case Request.RemoveWatch r -> client.remove(r.key()).map(done -> OK);
            case Request.ResetWatches r -> {
                client.forgetWatchesAndTransactions();
                yield Outcome.done(OK);
            }
            case Request.TransactionStart r -> view.startTransaction().map(StoreCore::number);
            case Request.TransactionEnd r -> view.endTransaction(r.commit()).map(done -> OK);
            case Request.GetDomainPath r -> Outcome.done(string(StorePath.ofDomain(r.domain())));
            case Request.IsDomainIntroduced r ->
                    Outcome.done(string(isIntroduced(r.domain()) ? "T" : "F"));
            case Request.Introduce r -> introduceAgain(r.domain());
            case Request.Release r -> introduced(r.domain()).map(domain -> release(r.domain()));
            case Request.Resume r ->
                    introduced(r.domain())
                            .map(domain -> {
                                domain.shutDown = false;
                                return OK;
                            });
            case Request.SetTarget r -> setTarget(r.domain(), r.target());
            case Request.GetFeatures r ->
                    Outcome.done(number(settingsOf(r.domain().orElse(client.domain())).features()));
            case Request.SetFeatures r -> setFeatures(r.domain(), r.features());
            case Request.ListQuotas r ->
                    Outcome.done(
                            string(
                                    Arrays.stream(Quota.values())
                                            .map(Quota::spelling)
                                            .collect(Collectors.joining(" "))));
            case Request.GetQuota r -> Outcome.done(number(quotas(r.domain()).limit(r.quota())));
            case Request.SetQuota r -> setQuota(r.domain(), r.quota(), r.limit());
            case Request.Control r -> control(r.words());
        };
    }

    static Bytes string(String text) {
        return Message.text(text + "\0");
    }

    private static Bytes number(int number) {
        return string(Integer.toUnsignedString(number));
    }

    private static Bytes strings(List<String> strings) {
        return Message.text(
                strings.stream().map(text -> text + "\0").collect(Collectors.joining()));
    }

    private Outcome<Bytes> addWatch(Connection client, Watch watch) {
        boolean offered = (settingsOf(client.domain()).features() & FEATURE_WATCH_DEPTH) != 0;
        if (watch.depth() != Watch.ANY_DEPTH && !offered) {
            return Outcome.refused(StoreError.EINVAL);
        }
        return client.add(quotasOf(client), watch)
                .map(added -> {
                    // A new watch fires once, whatever is there.
                    afterReply.add(() -> send(client, added, added.shown(added.path())));
                    return OK;
                });
    }

    private boolean isIntroduced(int domain) {
        return domain == DOMAIN_SELF || domain == 0 || domains.containsKey(domain);
    }

    private Outcome<Domain> introduced(int domain) {
        if (domain == 0) {
            return Outcome.refused(StoreError.EINVAL);
        }
        var known = domains.get(domain);
        return known == null ? Outcome.refused(StoreError.ENOENT) : Outcome.done(known);
    }

    /// INTRODUCE by message: a ring is attached by whoever holds the domain's memory, so this can
    /// only begin anew with one that is.
    private Outcome<Bytes> introduceAgain(int number) {
        return introduced(number)
                .map(domain -> {
                    domain.connection.reset();
                    return OK;
                });
    }

    private Outcome<Bytes> setTarget(int number, int target) {
        return introduced(target)
                .then(any -> introduced(number))
                .map(domain -> {
                    domain.connection.target(target);
                    return OK;
                });
    }

    private Outcome<Bytes> setFeatures(int domain, int features) {
        if (domain == 0 || domains.containsKey(domain)) {
            return Outcome.refused(StoreError.EBUSY);
        }
        if ((features & ~FEATURES) != 0) {
            return Outcome.refused(StoreError.EINVAL);
        }
        settings.put(domain, new Settings(features, settingsOf(domain).quotas()));
        return Outcome.done(OK);
    }

    private Quotas quotas(OptionalInt domain) {
        return domain.isPresent() ? settingsOf(domain.getAsInt()).quotas() : usualQuotas;
    }

    private Outcome<Bytes> setQuota(OptionalInt domain, Quota quota, int limit) {
        if (domain.isEmpty()) {
            usualQuotas = usualQuotas.with(quota, limit);
        } else {
            var now = settingsOf(domain.getAsInt());
            var changed = new Settings(now.features(), now.quotas().with(quota, limit));
            settings.put(domain.getAsInt(), changed);
        }
        return Outcome.done(OK);
    }

    private Outcome<Bytes> control(List<String> words) {
        return switch (words.getFirst()) {
            case "check", "print" -> Outcome.done(OK);
            case "help" -> Outcome.done(string("check help print quota"));
            case "quota" ->
                    Outcome.done(
                            string(
                                    Arrays.stream(Quota.values())
                                            .map(q -> q.spelling() + ": " + usualQuotas.limit(q))
                                            .collect(Collectors.joining("\n"))));
            default -> Outcome.refused(StoreError.EINVAL);
        };
    }

    // ---------------------------------------------------------------- domains come and go

    void introduce(int number, Connection connection) {
        // What holds for new domains now holds for this one for good.
        settings.put(number, settingsOf(number));
        domains.put(number, new Domain(connection));
        special(StorePath.INTRODUCE_DOMAIN, number);
        fire();
    }

    /// The domain has stopped running; told once.
    void shutDown(int number) {
        var domain = domains.get(number);
        if (domain != null && !domain.shutDown) {
            domain.shutDown = true;
            special(StorePath.RELEASE_DOMAIN, number);
            fire();
        }
    }

    void releaseIfIntroduced(int number) {
        if (domains.containsKey(number)) {
            release(number);
            fire();
        }
    }

    private Bytes release(int number) {
        var domain = domains.remove(number);
        settings.remove(number);
        domain.connection.reset();
        for (var other : domains.values()) {
            if (other.connection.rights().target() == number) {
                other.connection.target(Rights.NO_TARGET);
            }
        }
        commit(tree.departureOf(number));
        special(StorePath.RELEASE_DOMAIN, number);
        return OK;
    }

    // ---------------------------------------------------------------- changes and watches

    /// A change by the control domain, outside any connection.
    Outcome<Tree> apply(Edit edit) {
        var outcome = View.control(this).apply(edit);
        fire();
        return outcome;
    }

    /// Makes changes, each of which begins where the one before ended, the store's own.
    void commit(List<Change> changes) {
        for (var change : changes) {
            tree = change.after();
            if (change.before() != change.after()) {
                afterReply.add(() -> fire(change));
            }
        }
    }

    private void fire(Change change) {
        for (var client : clients()) {
            for (var watch : client.watches()) {
                watch.reports(client.rights(), change).ifPresent(path -> send(client, watch, path));
            }
        }
        for (var subscription : subscriptions) {
            subscription
                    .watch
                    .reports(Rights.CONTROL, change)
                    .ifPresent(path -> deliver(subscription, path));
        }
    }

    private void special(StorePath event, int domain) {
        afterReply.add(() -> {
            for (var client : clients()) {
                for (var watch : client.watches()) {
                    watch.reportsSpecial(client.rights(), tree, event, domain)
                            .ifPresent(path -> send(client, watch, path));
                }
            }
            for (var subscription : subscriptions) {
                subscription
                        .watch
                        .reportsSpecial(Rights.CONTROL, tree, event, domain)
                        .ifPresent(path -> deliver(subscription, path));
            }
        });
    }

    private List<Connection> clients() {
        var clients = new ArrayList<>(sockets);
        domains.values().forEach(domain -> clients.add(domain.connection));
        return clients;
    }

    private void send(Connection client, Watch watch, String path) {
        client.event(path, watch.token());
        deliveries.add(client.wake());
    }

    private void deliver(Subscription subscription, String path) {
        deliveries.add(() -> subscription.listener.changed(path));
    }

    void subscribe(Subscription subscription) {
        subscriptions.add(subscription);
        deliver(subscription, subscription.watch.path().text());
    }

    void unsubscribe(Subscription subscription) {
        subscriptions.remove(subscription);
    }
}
