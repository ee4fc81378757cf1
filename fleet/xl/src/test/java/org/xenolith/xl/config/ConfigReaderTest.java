package org.xenolith.xl.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xenolith.base.Sizes;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainType;
import org.xenolith.board.EngineChoice;
import org.xenolith.board.ShutdownAction;
import org.xenolith.board.VifConfig;
import org.xenolith.boot.PygrubOptions;
import org.xenolith.network.PortKind;
import org.xenolith.testkit.Fuzz;
import org.xenolith.xl.config.ConfigValue.Atom;
import org.xenolith.xl.config.ConfigValue.Many;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

class ConfigReaderTest {
    private static final String MINIMAL = "name='d'; kernel='k'\n";

    @Test
    void aBootLoaderTakesTheKernelFromTheDisk() throws Exception {
        var text = "name='d'; disk=['/d.img,raw,xvda,rw']; extra='quiet'; bootloader=";
        var config = ConfigReader.read("c", text + "'pygrub'").config();
        assertThat(config.bootloader()).contains(PygrubOptions.NONE);
        assertThat(config.kernel()).isEmpty();
        assertThat(config.commandLine()).isEqualTo("quiet");
        var named =
                ConfigReader.read(
                                "c",
                                text
                                        + "'/usr/lib/xen-4.17/bin/pygrub'; kernel='/k'; ramdisk='/r';"
                                        + "bootloader_args=['--entry=1>2', '-q']")
                        .config();
        var options = PygrubOptions.parse(List.of("--entry=1>2", "--kernel=/k", "--ramdisk=/r"));
        assertThat(named.bootloader()).contains(options);
        assertThat(named.ramdisk()).isEmpty();
        assertThat(
                        ConfigReader.read("c", text + "'pygrub'; bootloader_args='--offset 512'")
                                .config()
                                .bootloader())
                .contains(PygrubOptions.parse(List.of("--offset=512")));
    }

    @Test
    void aBootLoaderThatCannotWorkIsRefused() {
        refused(
                "name='a'; bootloader='grub.exe'",
                "c:1: bootloader must be \"pygrub\", not \"grub.exe\"");
        refused("name='a'; bootloader='pygrub'", "c:1: bootloader needs a first disk to look into");
        refused(
                "name='a'; disk=[',,xvda,cdrom']\nbootloader='pygrub'",
                "c:2: bootloader needs a first disk to look into");
        refused(
                "name='a'; bootloader='pygrub'; bootloader_args=['--x']",
                "c:1: bootloader_args: pygrub has no option --x here");
        refused(
                "name='a'; bootloader='pygrub'; bootloader_args=[['-q']]",
                "c:1: bootloader_args: a list where a word should be");
    }

    @Test
    void aFullConfigurationIsTyped() throws Exception {
        var result =
                ConfigReader.read(
                        "demo.cfg",
                        """
                        # a comment
                        name = "demo"; type = 'pvh'
                        uuid = "a2b3c4d5-0001-4000-8000-000000000042"
                        kernel="/boot/vmlinuz" ; ramdisk="/boot/initrd"
                        root = "/dev/xvda1 ro"
                        extra = "console=hvc0"
                        extra += " quiet"
                        memory = 0x100
                        maxmem = 512
                        vcpus = 2; maxvcpus = 010
                        on_reboot = "destroy"
                        on_crash = "preserve"
                        max_event_channels = 4096
                        engine = "soft"
                        deterministic = 42
                        # ends without a newline\
                        """);
        assertThat(result.warnings()).isEmpty();
        var config = result.config();
        assertThat(config.name()).isEqualTo("demo");
        assertThat(config.uuid()).hasToString("a2b3c4d5-0001-4000-8000-000000000042");
        assertThat(config.kernel()).isEqualTo("/boot/vmlinuz");
        assertThat(config.ramdisk()).contains("/boot/initrd");
        assertThat(config.commandLine()).isEqualTo("root=/dev/xvda1 ro console=hvc0 quiet");
        assertThat(config.memoryBytes()).isEqualTo(256 * Sizes.MIB);
        assertThat(config.maxMemoryBytes()).isEqualTo(512 * Sizes.MIB);
        assertThat(config.maxVcpus()).isEqualTo(8);
        assertThat(config.actions().onReboot()).isEqualTo(ShutdownAction.DESTROY);
        assertThat(config.actions().onCrash()).isEqualTo(ShutdownAction.PRESERVE);
        assertThat(config.limits().eventChannelsMax()).isEqualTo(4096);
        assertThat(config.engine()).isEqualTo(EngineChoice.SOFT);
        assertThat(config.deterministic()).contains(42L);
    }

    @Test
    void aTestOfTheXenTestFrameworkIsADomain() throws Exception {
        var result =
                ConfigReader.read(
                        "test-hvm64-example.cfg",
                        """
                        name="test-hvm64-example"

                        vcpus=1\u0020

                        type="hvm"
                        builder="hvm" # Legacy for before Xen 4.10

                        memory=128
                        firmware_override="/xtf/tests/example/test-hvm64-example"
                        on_reboot = "destroy"
                        nestedhvm = 1
                        """);
        assertThat(result.config().type()).isEqualTo(DomainType.HVM);
        assertThat(result.config().kernel()).hasToString("/xtf/tests/example/test-hvm64-example");
        assertThat(result.warnings())
                .containsExactly(
                        "test-hvm64-example.cfg:11: warning:"
                                + " nestedhvm is not supported and is ignored");
    }

    @Test
    void stringsAndListsMeanWhatTheManualSays() throws Exception {
        var settings =
                ConfigParser.parse(
                        "x",
                        """
                        a = "tab\\t quote\\" \\x41\\102 it's"
                        b = [ 'one', [ 2, 0x3 ],
                              # in the middle
                              "four",
                            ]
                        b += [ "five" ]; c.d_2 = []
                        """);
        assertThat(settings.get("a").value()).isEqualTo(new Atom("tab\t quote\" AB it's"));
        assertThat(settings.get("b").value())
                .isEqualTo(
                        ConfigParser.parse("y", "b=['one',['2','0x3'],'four','five']")
                                .get("b")
                                .value());
        assertThat(settings.get("c.d_2").value()).isEqualTo(new Many(java.util.List.of()));
    }

    @Test
    void theLastAssignmentCounts() throws Exception {
        assertThat(read(MINIMAL + "memory=64\nmemory=32\n").memoryBytes())
                .isEqualTo(32 * Sizes.MIB);
    }

    @Test
    void disksAreAListOfSpecifications() throws Exception {
        var config =
                read(
                        MINIMAL
                                + """
                                disk = [ 'format=raw,vdev=xvda,access=rw,target=/d, 1',
                                         '/root/image.iso,,xvdb,cdrom' ]
                                """);
        assertThat(config.disks())
                .containsExactly(
                        DiskConfig.raw("xvda", Path.of("/d, 1")),
                        DiskConfig.cdrom("xvdb", Optional.of(Path.of("/root/image.iso"))));
        refused(MINIMAL + "disk='/d,,xvda'", "c:2: disk is a single value but should be a list");
        refused(MINIMAL + "disk=[['/d,,xvda']]", "c:2: disk: a list where a disk should be");
        refused(
                MINIMAL + "\ndisk=['/d,,vda']",
                "c:3: disk: unknown value for vdev: \"vda\" in \"/d,,vda\"");
        refused(
                MINIMAL + "disk=['/d,,xvda', '/e,,d0']",
                "c:2: disk d0 is the same device as disk xvda");
    }

    @Test
    void interfacesAreAListOfSpecifications() throws Exception {
        var config = read(MINIMAL + "vif = [ 'network=lab', 'devid=0,network=lab', '' ]\n");
        assertThat(config.vifs().stream().map(vif -> vif.devid().getAsInt()))
                .containsExactly(1, 0, 2);
        assertThat(config.vifs().stream().map(VifConfig::kind))
                .containsExactly(
                        new PortKind.Network("lab"), new PortKind.Network("lab"), PortKind.DEFAULT);
        assertThat(config.vifs().stream().map(vif -> vif.mac().orElseThrow()).distinct())
                .hasSize(3);
        assertThat(read(MINIMAL + "vif = [ 'devid=1,network=lab' ]\n").vifs().getFirst())
                .as("the address stays the same")
                .isEqualTo(config.vifs().getFirst());
        refused(MINIMAL + "vif=''", "c:2: vif is a single value but should be a list");
        refused(MINIMAL + "vif=[['']]", "c:2: vif: a list where an interface should be");
        refused(MINIMAL + "vif=['x']", "c:2: vif: unrecognized argument \"x\" in \"x\"");
        refused(MINIMAL + "vif=['devid=1', 'devid=1']", "c:2: vif: devid 1 twice");
        refused(
                MINIMAL + "deterministic=1\nvif=['']",
                "c:3: vif: a deterministic domain has none, for nobody knows when frames come");
    }

    @Test
    void keysWithoutEffectAreNamed() throws Exception {
        var text =
                MINIMAL
                        + """
                        vif2 = [ "bridge=xenbr0" ]
                        disk = []
                        acpi = 0
                        apic = 1
                        hap = 0
                        vnc = 0
                        colour = "red"
                        """;
        assertThat(ConfigReader.read("c", text).warnings())
                .containsExactly(
                        "c:2: warning: vif2 is not supported and is ignored",
                        "c:4: warning: acpi is not supported and is ignored",
                        "c:8: warning: unknown key colour is ignored");
    }

    @Test
    void everyMistakeIsOneLineWithItsPlace() {
        refused("name='a'\nkernel='k'\nmemory=='5'", "c:3: expected a value, found \"=\"");
        refused(MINIMAL + "vcpus=0", "c:2: vcpus must be from 1 to 128, not 0");
        refused(MINIMAL + "vcpus=4000000000", "c:2: vcpus is out of range: 4000000000");
        refused(MINIMAL + "memory='lots'", "c:2: memory is not a number: \"lots\"");
        refused(MINIMAL + "memory='a\\nb'", "c:2: memory is not a number: \"a?b\"");
        refused(MINIMAL + "\nmemory=1", "c:3: memory must be from 4 to 262144 MiB, not 1");
        refused(MINIMAL + "kernel=['k']", "c:2: kernel is a list but should be a single value");
        refused(MINIMAL + "extra='x", "c:2: string without its closing '");
        refused(MINIMAL + "extra='\\q'", "c:2: invalid character after a backslash in a string");
        refused(MINIMAL + "x = ['a' 'b']", "c:2: expected \",\" or \"]\", found string \"b\"");
        refused(MINIMAL + "x = 1 y = 2", "c:2: expected end of line or \";\", found \"y\"");
        refused(
                MINIMAL + "x = 'a'\nx += ['b']",
                "c:3: x: cannot add a list to a string or a string to a list");
        refused(MINIMAL + "import os", "c:2: expected \"=\" after \"import\", found \"os\"");
        refused(MINIMAL + "on_crash='explode'", "c:2: on_crash: unknown action \"explode\"");
        refused(
                MINIMAL + "type='pv'",
                "c:2: type \"pv\" is not supported; most kernels also run as pvh");
        refused("name='a'", "c: kernel is missing");
        refused("kernel='a'", "c: name is missing");
        refused(MINIMAL + "x=" + "[".repeat(100), "c:2: more than 16 lists within lists");
    }

    @Test
    @Tag("fuzz")
    void randomBytesAreRefusedOrRead() {
        var fuzz = new Fuzz(20_260_101L, 20_000);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var text = random.nextBoolean() ? noise(random) : almost(random);
            try {
                assertThat(ConfigReader.read("f", text).config()).isNotNull();
            } catch (ConfigException e) {
                assertThat(e.getMessage()).as(fuzz.toString()).startsWith("f");
                assertThat(e.getMessage().lines()).hasSize(1);
            }
        }
    }

    private static String noise(SplittableRandom random) {
        var bytes = new byte[random.nextInt(200)];
        random.nextBytes(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// Well-formed words in any order.
    private static String almost(SplittableRandom random) {
        var words =
                new String[] {
                    "name",
                    "kernel",
                    "vcpus",
                    "memory",
                    "uuid",
                    "type",
                    "ramdisk",
                    "max_grant_frames",
                    "on_crash",
                    "=",
                    "=",
                    "=",
                    "+=",
                    "[",
                    "]",
                    ",",
                    ";",
                    "\n",
                    "'pvh'",
                    "'a'",
                    "\"\\n\"",
                    "\"\\0\"",
                    "0x10",
                    "99999999999999999999",
                    "12",
                    "'-7'",
                    "#",
                    "'"
                };
        var text = new StringBuilder(random.nextBoolean() ? MINIMAL : "");
        for (int i = random.nextInt(30); i > 0; i--) {
            text.append(words[random.nextInt(words.length)]).append(' ');
        }
        return text.toString();
    }

    private static DomainConfig read(String text) throws ConfigException {
        return ConfigReader.read("c", text).config();
    }

    private static void refused(String text, String message) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(ConfigException.class)
                .hasMessage(message);
    }
}
