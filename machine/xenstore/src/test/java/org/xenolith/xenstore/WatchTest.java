package org.xenolith.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;

import java.util.ArrayList;
import java.util.List;

class WatchTest {
    private final XenStore store = new XenStore();
    private final TestGuest guest = TestGuest.atHome(store, 3);
    private final TestGuest other = TestGuest.atHome(store, 4);

    private void forgetEvents() {
        guest.takeEvents().clear();
    }

    private void watch(String path, String token) {
        assertThat(guest.watch(path, token)).isEqualTo("OK");
        forgetEvents();
    }

    @Test
    void aNewWatchFiresOnceWhateverIsThere() {
        assertThat(guest.watch("nothing/here", "t")).isEqualTo("OK");
        assertThat(guest.watch("/local/domain/4", "u")).isEqualTo("OK");
        assertThat(guest.takeEvents()).containsExactly("nothing/here t", "/local/domain/4 u");
    }

    @Test
    void changesAtAndBelowTheWatchedNodeAreReported() {
        watch("dir", "t");
        store.write("/local/domain/3/dir", "1");
        store.write("/local/domain/3/dir/a/b", "2");
        store.write("/local/domain/3/dirty", "3");
        store.write("/local/domain/3", "4");
        assertThat(guest.takeEvents()).containsExactly("dir t", "dir/a/b t");
    }

    @Test
    void aWatchSetWithAnAbsolutePathReportsAbsolutePaths() {
        watch("/local/domain/3/dir", "t");
        guest.write("dir/x", "1");
        assertThat(guest.takeEvents()).containsExactly("/local/domain/3/dir/x t");
    }

    @Test
    void removalOfAnAncestorReportsTheWatchedPath() {
        guest.write("a/b/c", "1");
        watch("a/b", "t");
        watch("a/none", "u");
        guest.remove("a");
        assertThat(guest.takeEvents()).containsExactly("a/b t");
    }

    @Test
    void removalReportsWhatWasRemovedToThoseAbove() {
        guest.write("a/b/c", "1");
        watch("a", "t");
        guest.remove("a/b");
        assertThat(guest.takeEvents()).containsExactly("a/b t");
    }

    @Test
    void whatChangesNothingIsNotReported() {
        guest.makeDirectory("a");
        watch("a", "t");
        guest.makeDirectory("a");
        guest.remove("a/none");
        assertThat(guest.takeEvents()).isEmpty();
        guest.write("a", "");
        assertThat(guest.takeEvents()).containsExactly("a t");
    }

    @Test
    void depthLimitsHowFarBelowCounts() {
        for (int depth = 0; depth < 3; depth++) {
            var payload = "d\0depth" + depth + "\0" + depth + "\0";
            assertThat(guest.call(Message.XS_WATCH, payload)).isEqualTo("OK");
        }
        forgetEvents();
        guest.write("d", "");
        guest.write("d/1", "");
        guest.write("d/1/2", "");
        guest.write("d/1/2/3", "");
        assertThat(guest.takeEvents())
                .containsExactly(
                        "d depth0",
                        "d depth1",
                        "d depth2",
                        "d/1 depth1",
                        "d/1 depth2",
                        "d/1/2 depth2");
        assertThat(guest.call(Message.XS_WATCH, "d\0t\0-1\0")).isEqualTo("EINVAL");
    }

    @Test
    void aTransactionReportsAtItsCommit() {
        watch("dir", "t");
        int id = guest.startTransaction();
        guest.call(Message.XS_WRITE, id, "dir/x\0" + "1");
        assertThat(guest.takeEvents()).isEmpty();
        guest.endTransaction(id, true);
        assertThat(guest.takeEvents()).containsExactly("dir/x t");
    }

    @Test
    void anAbortedTransactionReportsNothing() {
        watch("dir", "t");
        int id = guest.startTransaction();
        guest.call(Message.XS_WRITE, id, "dir/x\0" + "1");
        guest.endTransaction(id, false);
        assertThat(guest.takeEvents()).isEmpty();
    }

    @Test
    void aWatchIsKnownByItsPathAndToken() {
        watch("x", "t");
        assertThat(guest.watch("x", "t")).isEqualTo("EEXIST");
        assertThat(guest.watch("/local/domain/3/x", "t")).isEqualTo("EEXIST");
        watch("x", "u");
        assertThat(guest.unwatch("x", "other")).isEqualTo("ENOENT");
        assertThat(guest.unwatch("x", "t")).isEqualTo("OK");
        guest.write("x", "");
        assertThat(guest.takeEvents()).containsExactly("x u");
    }

    @Test
    void nobodyHearsOfWhatTheyMayNotRead() {
        watch("/local/domain/4", "t");
        other.write("secret", "1");
        assertThat(guest.takeEvents()).isEmpty();
        other.setPermissions("secret", "r4");
        assertThat(guest.takeEvents()).containsExactly("/local/domain/4/secret t");
        forgetEvents();
        other.setPermissions("secret", "n4");
        assertThat(guest.takeEvents()).containsExactly("/local/domain/4/secret t");
        forgetEvents();
        other.write("secret", "2");
        assertThat(guest.takeEvents()).isEmpty();
    }

    @Test
    void resetForgetsWatches() {
        watch("x", "t");
        assertThat(guest.call(Message.XS_RESET_WATCHES, "\0")).isEqualTo("OK");
        guest.write("x", "");
        assertThat(guest.takeEvents()).isEmpty();
    }

    @Test
    void aWaitingEventIsNotRepeated() {
        watch("x", "t");
        for (int i = 0; i < 2000; i++) {
            store.write("/local/domain/3/x", "" + i);
        }
        assertThat(guest.takeEvents().size()).isLessThan(100);
        assertThat(guest.takeEvents()).containsOnly("x t");
    }

    @Test
    void eventsForAGuestThatDoesNotReadAreBounded() {
        watch("/local/domain/3", "t");
        for (int i = 0; i < 3000; i++) {
            store.write("/local/domain/3/" + i, "");
        }
        assertThat(guest.takeEvents().size())
                .isBetween(Connection.EVENTS_MAX, Connection.EVENTS_MAX + 100);
    }

    @Test
    void comingAndGoingOfDomainsIsToldToThoseWhoMayKnow() {
        var control = new ArrayList<String>();
        store.watch("@introduceDomain", control::add);
        store.watch("@releaseDomain", control::add);
        watch("@introduceDomain", "in");
        watch("@releaseDomain", "out");
        var first = TestGuest.atHome(store, 9);
        store.shutDown(new DomainId(9));
        store.shutDown(new DomainId(9));
        store.release(new DomainId(9));
        assertThat(first.field(StoreRing.CONNECTION_ERROR)).isZero();
        assertThat(control)
                .containsExactly(
                        "@introduceDomain",
                        "@releaseDomain",
                        "@introduceDomain",
                        "@releaseDomain",
                        "@releaseDomain");
        assertThat(guest.takeEvents()).isEmpty();
        var readable = new Permissions(0, Access.NONE, List.of()).with(3, Access.READ);
        assertThat(store.setPermissions("@introduceDomain", readable)).isTrue();
        assertThat(store.setPermissions("@releaseDomain", readable)).isTrue();
        assertThat(guest.getPermissions("@releaseDomain")).isEqualTo("n0,r3");
        TestGuest.atHome(store, 10);
        store.release(new DomainId(10));
        assertThat(guest.takeEvents()).containsExactly("@introduceDomain in", "@releaseDomain out");
    }

    @Test
    void aSpecialWatchCanNameTheDomain() {
        var readable = new Permissions(0, Access.READ, List.of());
        store.setPermissions("@releaseDomain", readable);
        guest.call(Message.XS_WATCH, "@releaseDomain\0any\0" + "1\0");
        guest.watch("@releaseDomain/4", "four");
        guest.watch("@releaseDomain/5", "five");
        forgetEvents();
        store.release(new DomainId(4));
        assertThat(guest.takeEvents())
                .containsExactly("@releaseDomain/4 any", "@releaseDomain/4 four");
    }

    @Test
    void aListenerMayUseTheStore() {
        store.watch(
                "/local/domain/3/state",
                path -> {
                    if (store.read(path).orElse("").equals("1")) {
                        store.write("/local/domain/3/answer", "2");
                    }
                });
        watch("answer", "t");
        guest.write("state", "1");
        assertThat(guest.takeEvents()).containsExactly("answer t");
    }

    @Test
    void aClosedWatchOfThisProcessIsSilent() {
        var heard = new ArrayList<String>();
        var watch = store.watch("/x", heard::add);
        store.write("/x/y", "");
        watch.close();
        store.write("/x/z", "");
        assertThat(heard).containsExactly("/x", "/x/y");
    }

    @Test
    void aDepartingDomainsNodesAreReported() {
        other.write("device/x", "1");
        store.write("/tool/y", "1");
        store.setPermissions("/tool/y", Permissions.ownedBy(4));
        var heard = new ArrayList<String>();
        store.watch("/", heard::add);
        store.release(new DomainId(4));
        assertThat(heard).containsExactly("/", "/local/domain/4", "/tool/y");
    }
}
