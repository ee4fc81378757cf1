package org.xenolith.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;

class WireTest {
    private final XenStore store = new XenStore();
    private final TestGuest guest = TestGuest.atHome(store, 3);

    @Test
    void whatIsWrittenIsRead() {
        assertThat(guest.write("data/x", "hello")).isEqualTo("OK");
        assertThat(guest.read("data/x")).isEqualTo("hello");
        assertThat(guest.read("/local/domain/3/data/x")).isEqualTo("hello");
        assertThat(guest.read("data")).isEmpty();
        assertThat(store.read("/local/domain/3/data/x")).contains("hello");
    }

    @Test
    void aValueMayHoldAnyBytes() {
        guest.write("x", "a\0b\0");
        assertThat(store.readBytes("/local/domain/3/x")).contains(Message.text("a\0b\0"));
    }

    @Test
    void directoryNamesTheImmediateChildren() {
        guest.write("device/vif/0/state", "1");
        guest.write("device/vbd", "");
        assertThat(guest.directory("device")).isEqualTo("vbd,vif");
        assertThat(guest.directory("device/vbd")).isEmpty();
        assertThat(guest.directory("device/none")).isEqualTo("ENOENT");
    }

    @Test
    void mkdirLeavesAnExistingValueAlone() {
        guest.write("x", "1");
        assertThat(guest.makeDirectory("x")).isEqualTo("OK");
        assertThat(guest.read("x")).isEqualTo("1");
    }

    @Test
    void rmNeedsTheParentOnly() {
        guest.write("a/b/c", "1");
        assertThat(guest.remove("a")).isEqualTo("OK");
        assertThat(guest.read("a/b/c")).isEqualTo("ENOENT");
        assertThat(guest.remove("a")).isEqualTo("OK");
        assertThat(guest.remove("a/b")).isEqualTo("ENOENT");
        assertThat(guest.remove("/")).isEqualTo("EACCES");
    }

    @Test
    void malformedPathsAreInvalid() {
        for (var path : new String[] {"", "a//b", "a/", "//", "a b", "a.b", "/a\u00e4", "@x"}) {
            assertThat(guest.read(path)).as(path).isEqualTo("EINVAL");
            assertThat(guest.write(path, "")).as(path).isEqualTo("EINVAL");
        }
        assertThat(guest.read("a".repeat(StorePath.RELATIVE_BYTES_MAX + 1))).isEqualTo("EINVAL");
        assertThat(guest.read("/" + "a".repeat(StorePath.ABSOLUTE_BYTES_MAX))).isEqualTo("EINVAL");
        assertThat(guest.read("a".repeat(StorePath.RELATIVE_BYTES_MAX))).isEqualTo("ENOENT");
        assertThat(guest.call(Message.XS_READ, "no nul")).isEqualTo("EINVAL");
        assertThat(guest.call(Message.XS_READ, "two\0strings\0")).isEqualTo("EINVAL");
        assertThat(guest.call(Message.XS_READ, "")).isEqualTo("EINVAL");
    }

    @Test
    void aDomainsPathIsComputed() {
        assertThat(guest.call(Message.XS_GET_DOMAIN_PATH, "17\0")).isEqualTo("/local/domain/17");
        assertThat(guest.call(Message.XS_GET_DOMAIN_PATH, "65536\0")).isEqualTo("EINVAL");
        assertThat(guest.call(Message.XS_GET_DOMAIN_PATH, "-1\0")).isEqualTo("EINVAL");
    }

    @Test
    void whatOnlyTheControlDomainMayDoIsRefusedToAGuest() {
        int[] types = {
            Message.XS_INTRODUCE,
            Message.XS_RELEASE,
            Message.XS_RESUME,
            Message.XS_SET_TARGET,
            Message.XS_IS_DOMAIN_INTRODUCED,
            Message.XS_SET_FEATURE,
            Message.XS_GET_QUOTA,
            Message.XS_CONTROL,
        };
        for (int type : types) {
            var payload =
                    switch (type) {
                        case Message.XS_INTRODUCE -> "4\0" + "1\0" + "1\0";
                        case Message.XS_SET_TARGET, Message.XS_SET_FEATURE -> "3\0" + "3\0";
                        case Message.XS_GET_QUOTA -> "nodes\0";
                        default -> "3\0";
                    };
            assertThat(guest.call(type, payload)).as("type %d", type).isEqualTo("EACCES");
        }
    }

    @Test
    void unknownTypesAreNotImplemented() {
        for (int type : new int[] {15, 16, 20, 27, 65535, -1, Integer.MIN_VALUE}) {
            assertThat(guest.call(type, "x\0")).isEqualTo("ENOSYS");
        }
    }

    @Test
    void aListTooLongForOneReplyIsReadInParts() {
        var expected = new StringBuilder();
        for (int i = 0; i < 600; i++) {
            var name = "child-number-" + (1000 + i);
            guest.write("many/" + name, "");
            expected.append(name).append(',');
        }
        assertThat(guest.directory("many")).isEqualTo("E2BIG");
        var whole = new StringBuilder();
        String generation = null;
        for (int round = 0; round < 10; round++) {
            var part = guest.call(Message.XS_DIRECTORY_PART, "many\0" + whole.length() + "\0");
            int comma = part.indexOf(',');
            assertThat(generation == null || generation.equals(part.substring(0, comma))).isTrue();
            generation = part.substring(0, comma);
            var names = part.substring(comma + 1);
            // The nul cut off at the end was that of the last name, or the mark of the list's end.
            boolean last = names.endsWith(",");
            whole.append(last ? names : names + ",");
            if (last) {
                break;
            }
        }
        assertThat(whole.toString()).isEqualTo(expected.toString());
        var past = guest.call(Message.XS_DIRECTORY_PART, "many\0" + 100_000 + "\0");
        assertThat(past).isEqualTo(generation + ",");
    }

    @Test
    void theGenerationOfAListChangesWithTheList() {
        guest.write("d/a", "");
        var before = guest.call(Message.XS_DIRECTORY_PART, "d\0" + "0\0");
        guest.write("d/a/deeper", "");
        assertThat(guest.call(Message.XS_DIRECTORY_PART, "d\0" + "0\0")).isEqualTo(before);
        guest.write("d/b", "");
        guest.remove("d/b");
        assertThat(guest.call(Message.XS_DIRECTORY_PART, "d\0" + "0\0")).isNotEqualTo(before);
    }

    @Test
    void aGuestLearnsWhatItIsOffered() {
        assertThat(guest.call(Message.XS_GET_FEATURE, "")).isEqualTo("7");
        assertThat(guest.call(Message.XS_GET_FEATURE, "3\0")).isEqualTo("EACCES");
        assertThat(guest.field(StoreRing.SERVER_FEATURES)).isEqualTo(7);
    }

    @Test
    void theControlDomainGovernsDomainsByMessage() {
        var control = new ControlClient(store);
        assertThat(control.call(Message.XS_IS_DOMAIN_INTRODUCED, "3\0")).isEqualTo("T");
        assertThat(control.call(Message.XS_IS_DOMAIN_INTRODUCED, "4\0")).isEqualTo("F");
        assertThat(control.call(Message.XS_RESUME, "4\0")).isEqualTo("ENOENT");
        assertThat(control.call(Message.XS_RESUME, "0\0")).isEqualTo("EINVAL");
        assertThat(control.call(Message.XS_CONTROL, "check\0")).isEqualTo("OK");
        assertThat(control.call(Message.XS_CONTROL, "dance\0")).isEqualTo("EINVAL");
        guest.watch("x", "t");
        assertThat(control.call(Message.XS_INTRODUCE, "3\0" + "1\0" + "1\0")).isEqualTo("OK");
        assertThat(guest.unwatch("x", "t")).isEqualTo("ENOENT");
        assertThat(control.call(Message.XS_RELEASE, "3\0")).isEqualTo("OK");
        assertThat(store.isIntroduced(new DomainId(3))).isFalse();
        assertThat(store.exists("/local/domain/3")).isFalse();
        assertThat(control.call(Message.XS_RELEASE, "3\0")).isEqualTo("ENOENT");
    }

    @Test
    void featuresAreFixedOnceADomainIsIntroduced() {
        var control = new ControlClient(store);
        assertThat(control.call(Message.XS_SET_FEATURE, "3\0" + "1\0")).isEqualTo("EBUSY");
        assertThat(control.call(Message.XS_SET_FEATURE, "4\0" + "8\0")).isEqualTo("EINVAL");
        assertThat(control.call(Message.XS_SET_FEATURE, "4\0" + "3\0")).isEqualTo("OK");
        var plain = TestGuest.atHome(store, 4);
        assertThat(plain.field(StoreRing.SERVER_FEATURES)).isEqualTo(3);
        assertThat(plain.call(Message.XS_WATCH, "x\0t\0" + "1\0")).isEqualTo("EINVAL");
    }

    @Test
    void aTargetingDomainActsForItsTarget() {
        var target = TestGuest.atHome(store, 5);
        target.write("secret", "s");
        assertThat(guest.read("/local/domain/5/secret")).isEqualTo("EACCES");
        var control = new ControlClient(store);
        assertThat(control.call(Message.XS_SET_TARGET, "3\0" + "5\0")).isEqualTo("OK");
        assertThat(guest.read("/local/domain/5/secret")).isEqualTo("s");
        assertThat(guest.write("/local/domain/5/secret", "t")).isEqualTo("OK");
        store.release(new DomainId(5));
        store.write("/local/domain/5/again", "x");
        assertThat(guest.read("/local/domain/5/again")).isEqualTo("EACCES");
    }

    @Test
    void thisProcessRefusesWhatTheProtocolDoesNotKnow() {
        assertThatIllegalArgumentException().isThrownBy(() -> store.write("relative", "x"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.write("/big", "x".repeat(4097)));
        assertThatIllegalArgumentException().isThrownBy(() -> store.remove("/"));
    }
}
