package org.xenolith.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;

class PermissionsTest {
    private final XenStore store = new XenStore();
    private final TestGuest owner = TestGuest.atHome(store, 1);
    private final TestGuest stranger = TestGuest.atHome(store, 2);
    private static final String NODE = "/local/domain/1/node";

    @Test
    void aNewNodeBelongsToWhoMakesItAndInheritsTheRest() {
        store.setPermissions("/local/domain/1", Permissions.ownedBy(1).with(2, Access.BOTH));
        assertThat(stranger.write(NODE + "/deep", "x")).isEqualTo("OK");
        assertThat(owner.getPermissions("node")).isEqualTo("EACCES");
        assertThat(stranger.getPermissions(NODE)).isEqualTo("n2,b2");
        store.write("/local/domain/1/tools", "");
        assertThat(owner.getPermissions("tools")).isEqualTo("n1,b2");
    }

    @Test
    void eachLetterAllowsWhatItSays() {
        owner.write("node", "v");
        record Row(String permission, String read, String write) {}
        var rows =
                new Row[] {
                    new Row("n", "EACCES", "EACCES"),
                    new Row("r", "v", "EACCES"),
                    new Row("w", "EACCES", "OK"),
                    new Row("b", "v", "OK"),
                };
        for (var row : rows) {
            for (boolean listed : new boolean[] {true, false}) {
                if (listed) {
                    owner.setPermissions("node", "b1", row.permission + "2");
                } else {
                    owner.setPermissions("node", row.permission + "1");
                }
                assertThat(stranger.read(NODE)).as("%s", row).isEqualTo(row.read);
                assertThat(stranger.directory(NODE))
                        .isEqualTo(row.read.equals("v") ? "" : "EACCES");
                assertThat(stranger.getPermissions(NODE).equals("EACCES"))
                        .isEqualTo(row.read.equals("EACCES"));
                assertThat(stranger.write(NODE, "v")).as("%s", row).isEqualTo(row.write);
                assertThat(stranger.makeDirectory(NODE + "/x")).isEqualTo(row.write);
                if (row.write.equals("OK")) {
                    assertThat(stranger.remove(NODE + "/x")).isEqualTo("OK");
                }
            }
        }
    }

    @Test
    void theOwnerMayDoEverythingWhateverTheListSays() {
        owner.write("node", "v");
        owner.setPermissions("node", "n1", "n1");
        assertThat(owner.read("node")).isEqualTo("v");
        assertThat(owner.write("node", "w")).isEqualTo("OK");
        assertThat(owner.remove("node")).isEqualTo("OK");
    }

    @Test
    void theControlDomainMayDoEverything() {
        var control = new ControlClient(store);
        owner.write("node", "v");
        assertThat(control.call(Message.XS_READ, NODE + "\0")).isEqualTo("v");
        assertThat(control.call(Message.XS_SET_PERMS, NODE + "\0n2\0")).isEqualTo("OK");
        assertThat(control.call(Message.XS_RM, "/local\0")).isEqualTo("OK");
        assertThat(control.call(Message.XS_RM, "/\0")).isEqualTo("EINVAL");
    }

    @Test
    void onlyTheOwnerSetsPermissionsAndOnlyTheControlDomainTheOwner() {
        owner.write("node", "v");
        assertThat(owner.setPermissions("node", "b1")).isEqualTo("OK");
        assertThat(stranger.setPermissions(NODE, "b1")).isEqualTo("EACCES");
        assertThat(owner.setPermissions("node", "b2")).isEqualTo("EPERM");
        assertThat(store.setPermissions(NODE, Permissions.ownedBy(2))).isTrue();
        assertThat(stranger.setPermissions(NODE, "r2")).isEqualTo("OK");
        assertThat(owner.setPermissions("none", "b1")).isEqualTo("ENOENT");
        assertThat(store.setPermissions("/none", Permissions.ownedBy(2))).isFalse();
    }

    @Test
    void permissionsAreSpelledAsTheyWereGiven() {
        owner.write("node", "");
        owner.setPermissions("node", "r1", "w0", "b65535", "n7");
        assertThat(owner.getPermissions("node")).isEqualTo("r1,w0,b65535,n7");
    }

    @Test
    void misspelledPermissionsAreInvalid() {
        owner.write("node", "");
        for (var spelling : new String[] {"", "x1", "r", "r-1", "r65536", "1", "r 1", "r1x"}) {
            assertThat(owner.setPermissions("node", spelling)).as(spelling).isEqualTo("EINVAL");
        }
        assertThat(owner.call(Message.XS_SET_PERMS, "node\0")).isEqualTo("EINVAL");
    }

    @Test
    void whoMayNotReadTheParentDoesNotLearnWhatExists() {
        owner.write("node", "");
        assertThat(stranger.read(NODE)).isEqualTo("EACCES");
        assertThat(stranger.read("/local/domain/1/none")).isEqualTo("EACCES");
        assertThat(stranger.remove("/local/domain/1/none")).isEqualTo("EACCES");
    }

    @Test
    void aDomainThatIsGoneIsInNoPermissions() {
        owner.write("node", "");
        owner.setPermissions("node", "n1", "b2", "r3");
        store.release(new DomainId(2));
        assertThat(owner.getPermissions("node")).isEqualTo("n1,r3");
        var successor = TestGuest.atHome(store, 2);
        assertThat(successor.read(NODE)).isEqualTo("EACCES");
    }
}
