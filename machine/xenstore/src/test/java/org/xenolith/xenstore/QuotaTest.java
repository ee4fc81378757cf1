package org.xenolith.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class QuotaTest {
    private final XenStore store = new XenStore();
    private final TestGuest guest = TestGuest.atHome(store, 1);
    private final ControlClient control = new ControlClient(store);

    @Test
    void aDomainOwnsOnlySoManyNodes() {
        String answer = "OK";
        int made = 0;
        for (; made < 2000 && answer.equals("OK"); made++) {
            answer = guest.write("n" + made, "");
        }
        assertThat(answer).isEqualTo("ENOSPC");
        assertThat(made).isEqualTo(Quota.NODES.usual());
        assertThat(guest.makeDirectory("more")).isEqualTo("ENOSPC");
        assertThat(guest.write("n1", "still")).isEqualTo("OK");
        store.write("/local/domain/1/tools", "the control domain may");
        guest.remove("tools");
        guest.remove("n1");
        assertThat(guest.makeDirectory("more")).isEqualTo("OK");
    }

    @Test
    void oneRequestForManyNodesIsCountedInFull() {
        int most = Quota.NODES.usual() - 1;
        assertThat(guest.makeDirectory("a" + "/a".repeat(most))).isEqualTo("ENOSPC");
        assertThat(guest.directory("/local/domain/1")).isEmpty();
        assertThat(guest.makeDirectory("a" + "/a".repeat(most - 1))).isEqualTo("OK");
    }

    @Test
    void aTransactionCannotExceedTheQuotaAtItsCommit() {
        control.call(Message.XS_SET_QUOTA, "1\0nodes\0" + "3\0");
        int first = guest.startTransaction();
        int second = guest.startTransaction();
        for (int id : new int[] {first, second}) {
            assertThat(guest.call(Message.XS_WRITE, id, "x" + id + "/y\0")).isEqualTo("OK");
        }
        assertThat(guest.endTransaction(first, true)).isEqualTo("OK");
        assertThat(guest.endTransaction(second, true)).isEqualTo("ENOSPC");
    }

    @Test
    void aNodeHoldsOnlySoMuch() {
        int most = Quota.NODE_SIZE.usual();
        assertThat(guest.write("x", "v".repeat(most))).isEqualTo("OK");
        assertThat(guest.write("x", "v".repeat(most + 1))).isEqualTo("ENOSPC");
    }

    @Test
    void aDomainHasOnlySoManyWatches() {
        for (int i = 0; i < Quota.WATCHES.usual(); i++) {
            assertThat(guest.watch("x", "t" + i)).isEqualTo("OK");
        }
        assertThat(guest.watch("x", "t")).isEqualTo("ENOSPC");
        assertThat(guest.unwatch("x", "t0")).isEqualTo("OK");
        assertThat(guest.watch("x", "t")).isEqualTo("OK");
    }

    @Test
    void aNodeHasOnlySoManyPermissions() {
        guest.write("x", "");
        assertThat(guest.setPermissions("x", "n1", "r2", "r3", "r4", "r5")).isEqualTo("OK");
        assertThat(guest.setPermissions("x", "n1", "r2", "r3", "r4", "r5", "r6"))
                .isEqualTo("ENOSPC");
    }

    @Test
    void quotasAreReadAndSetForAllAndForOne() {
        assertThat(control.call(Message.XS_GET_QUOTA, ""))
                .isEqualTo("nodes watches transactions node-size permissions transaction-nodes");
        assertThat(control.call(Message.XS_GET_QUOTA, "nodes\0")).isEqualTo("1000");
        assertThat(control.call(Message.XS_SET_QUOTA, "nodes\0" + "5\0")).isEqualTo("OK");
        assertThat(control.call(Message.XS_GET_QUOTA, "nodes\0")).isEqualTo("5");
        assertThat(control.call(Message.XS_GET_QUOTA, "1\0nodes\0")).isEqualTo("1000");
        var later = TestGuest.atHome(store, 2);
        assertThat(control.call(Message.XS_GET_QUOTA, "2\0nodes\0")).isEqualTo("5");
        assertThat(later.makeDirectory("a/b/c/d/e")).isEqualTo("ENOSPC");
        assertThat(control.call(Message.XS_SET_QUOTA, "2\0nodes\0" + "0\0")).isEqualTo("OK");
        assertThat(later.makeDirectory("a/b/c/d/e")).isEqualTo("OK");
        assertThat(control.call(Message.XS_GET_QUOTA, "wives\0")).isEqualTo("EINVAL");
        assertThat(control.call(Message.XS_SET_QUOTA, "nodes\0-1\0")).isEqualTo("EINVAL");
    }
}
