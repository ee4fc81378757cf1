package org.xenolith.boot.grub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.boot.grub.BootChoice.Place;
import org.xenolith.filesystem.FileSystem;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Which entry of a grub.cfg is started, and with what.
class GrubTest {
    private static final String BOOT_UUID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";
    private static final String OTHER_UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

    /// In the manner of grub-mkconfig: the default may be kept on the disk, names of options depend
    /// on features, functions set up the display, and older kernels are in a submenu.
    private static final String GENERATED =
            """
            # Written by a tool; edits are lost
            if [ -s $prefix/grubenv ]; then
              set have_grubenv=true
              load_env
            fi
            if [ "${next_entry}" ] ; then
               set default="${next_entry}"
               set next_entry=
               save_env next_entry
            else
               set default="${saved_entry}"
            fi
            if [ x"${feature_menuentry_id}" = xy ]; then
              menuentry_id_option="--id"
            else
              menuentry_id_option=""
            fi
            export menuentry_id_option

            function load_video {
              if [ x$feature_all_video_module = xy ]; then
                insmod all_video
              else
                insmod efi_gop; insmod efi_uga
              fi
            }
            if loadfont unicode ; then
              set gfxmode=auto
              load_video
            fi
            set timeout=5

            menuentry 'Debian GNU/Linux' --class debian --class os $menuentry_id_option 'simple' {
                load_video
                insmod gzio
                if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
                set root='hd0,msdos9'
                if [ x$feature_platform_search_hint = xy ]; then
                  search --no-floppy --fs-uuid --set=root --hint-bios=hd0,msdos1 BOOT
                else
                  search --no-floppy --fs-uuid --set=root BOOT
                fi
                echo 'Loading Linux 6.12 ...'
                linux /vmlinuz-6.12 root=UUID=BOOT ro  quiet
                initrd /initrd-6.12
            }
            submenu 'Advanced options' $menuentry_id_option 'advanced' {
                menuentry 'With Linux 6.12' $menuentry_id_option '6.12-advanced' {
                    search --no-floppy --fs-uuid --set=root BOOT
                    linux /vmlinuz-6.12 ro
                }
                menuentry 'With Linux 6.1' $menuentry_id_option '6.1-advanced' {
                    search --no-floppy --fs-uuid --set=root BOOT
                    linux "/vmlinuz-6.1" ro "words with spaces"
                    initrd /microcode /initrd-6.1
                }
            }
            """
                    .replace("BOOT", BOOT_UUID);

    private final Map<String, String> files = new LinkedHashMap<>();

    private Volumes volumes() {
        var systems = new LinkedHashMap<String, FileSystem>();
        systems.put("hd0,gpt2", new FakeFileSystem(OTHER_UUID, "root", Map.of("/etc/fstab", "")));
        systems.put("hd0,gpt3", new FakeFileSystem(BOOT_UUID, "boot", files));
        return new Volumes(systems);
    }

    private BootChoice choose(String text) throws GrubException {
        return Grub.choose(text, volumes(), "hd0,gpt2", "/boot/grub", Optional.empty());
    }

    private BootChoice choose(String text, String entry) throws GrubException {
        return Grub.choose(text, volumes(), "hd0,gpt3", "/grub", Optional.of(entry));
    }

    private void saved(String entry) {
        files.put(
                "/grub/grubenv",
                "# GRUB Environment Block\nsaved_entry=%s\n%s".formatted(entry, "#".repeat(900)));
    }

    private BootChoice savedChoice(String entry) throws GrubException {
        saved(entry);
        return Grub.choose(GENERATED, volumes(), "hd0,gpt3", "/grub", Optional.empty());
    }

    @Test
    void theFirstEntryIsTheDefault() throws Exception {
        var choice = choose(GENERATED);
        assertThat(choice.title()).isEqualTo("Debian GNU/Linux");
        assertThat(choice.kernel()).isEqualTo(new Place("hd0,gpt3", "/vmlinuz-6.12"));
        assertThat(choice.arguments()).isEqualTo("root=UUID=" + BOOT_UUID + " ro quiet");
        assertThat(choice.ramdisks()).containsExactly(new Place("hd0,gpt3", "/initrd-6.12"));
    }

    @Test
    void theSavedEntryCountsByItsPath() throws Exception {
        var choice = savedChoice("advanced>6.1-advanced");
        assertThat(choice.title()).isEqualTo("With Linux 6.1");
        assertThat(choice.kernel()).isEqualTo(new Place("hd0,gpt3", "/vmlinuz-6.1"));
        assertThat(choice.arguments()).isEqualTo("ro words with spaces");
        assertThat(choice.ramdisks())
                .containsExactly(
                        new Place("hd0,gpt3", "/microcode"), new Place("hd0,gpt3", "/initrd-6.1"));
        assertThat(savedChoice("1>1").title()).isEqualTo("With Linux 6.1");
        assertThat(savedChoice("Advanced options>With Linux 6.1").title())
                .isEqualTo("With Linux 6.1");
        assertThat(savedChoice("1").title()).as("a submenu's first").isEqualTo("With Linux 6.12");
        assertThat(savedChoice("simple").title()).isEqualTo("Debian GNU/Linux");
    }

    @Test
    void aDefaultThatIsGoneIsTheFirstEntry() throws Exception {
        assertThat(savedChoice("gone").title()).isEqualTo("Debian GNU/Linux");
        assertThat(savedChoice("7").title()).isEqualTo("Debian GNU/Linux");
    }

    @Test
    void aOneTimeChoiceIsNotTaken() throws Exception {
        files.put("/grub/grubenv", "# GRUB Environment Block\nnext_entry=1>1\n####");
        var choice = Grub.choose(GENERATED, volumes(), "hd0,gpt3", "/grub", Optional.empty());
        assertThat(choice.title()).isEqualTo("Debian GNU/Linux");
    }

    @Test
    void theOperatorsEntryMustBeThere() throws Exception {
        assertThat(choose(GENERATED, "1>6.1-advanced").title()).isEqualTo("With Linux 6.1");
        assertThatThrownBy(() -> choose(GENERATED, "none"))
                .isInstanceOf(GrubException.class)
                .hasMessage("it has no entry \"none\"");
    }

    private String arguments(String script) throws GrubException {
        return choose(script + "\nmenuentry m { linux /k $a \"$b\" ${c}x '$d' }\n").arguments();
    }

    @Test
    void variablesAreReplacedAsInAShell() throws Exception {
        assertThat(arguments("set a='1 2'; b='3  4'; set c=5")).isEqualTo("1 2 3  4 5x $d");
        assertThat(arguments("set a=")).isEqualTo(" x $d");
        assertThat(arguments("set a=\"q\\\"r\\\\\"")).isEqualTo("q\"r\\  x $d");
        assertThat(arguments("set a=one\\ two # set a=three")).isEqualTo("one two  x $d");
        assertThat(arguments("set a=one\\\ntwo")).isEqualTo("onetwo  x $d");
        assertThat(arguments("for i in x y z; do set a=\"$a$i\"; done")).isEqualTo("xyz  x $d");
        assertThat(arguments("function f { set a=\"$2-$1-$#\"; }\nf p q")).isEqualTo("q-p-2  x $d");
    }

    @Test
    void conditionsDecide() throws Exception {
        files.put("/there", "text");
        files.put("/dir/file", "");
        var yes =
                new String[] {
                    "[ a = a ]",
                    "[ a != b ]",
                    "test -n x",
                    "[ -z \"\" ]",
                    "[ 2 -lt 10 ]",
                    "[ -f (hd0,gpt3)/there ]",
                    "[ -f (hd0,3)/there ]",
                    "[ -d (hd0,gpt3)/dir ]",
                    "[ -s (hd0,gpt3)/there ]",
                    "[ -e /etc/fstab ]",
                    "! false",
                    "[ ! -e /none ]",
                    "[ x = y -o a = a ]",
                    "[ a = a -a ( b = c -o d = d ) ]",
                    "false; true",
                    "search --label boot --set=where",
                    "search -f /there",
                };
        var no =
                new String[] {
                    "[ a = b ]",
                    "[ \"\" ]",
                    "[ ]",
                    "[ -s (hd0,gpt3)/dir/file ]",
                    "unknown_command",
                    "[ -f (hd0,gpt3)/dir ]",
                    "[ -e (hd1)/there ]",
                    "! true",
                    "loadfont x",
                    "search --fs-uuid 00000000-0000-0000-0000-000000000000",
                    "[ a = a -a b = c ]",
                };
        var script = "if %s; then set a=yes; elif false; then set a=never; else set a=no; fi";
        for (var condition : yes) {
            assertThat(arguments(script.formatted(condition))).as(condition).startsWith("yes");
        }
        for (var condition : no) {
            assertThat(arguments(script.formatted(condition))).as(condition).startsWith("no");
        }
    }

    @Test
    void otherFilesAreIncluded() throws Exception {
        files.put("/more.cfg", "set a=included\n");
        assertThat(arguments("source (hd0,gpt3)/more.cfg")).isEqualTo("included  x $d");
    }

    @Test
    void whatLeadsToNoKernelIsRefused() {
        refused("", "no menu entry");
        refused("menuentry m { true }", "loads no Linux kernel");
        refused("menuentry m { multiboot /xen.gz }", "loads no Linux kernel");
        refused("submenu m { }", "leads to no entry");
        refused("menuentry m { linux vmlinuz }", "\"vmlinuz\" is not the path of a file");
        refused("menuentry { linux /k }", "has no title");
    }

    @Test
    void whatIsNotWellFormedIsRefused() {
        refused("menuentry 'm { linux /k }", "line 1: a quote is not closed");
        refused(
                "if true; then\nmenuentry m {\nlinux /k }",
                "it ends where elif or else or fi should be");
        refused("fi", "line 1: unexpected \"fi\"");
        refused("\n}", "line 2: unexpected \"}\"");
        refused("menuentry m\nlinux /k", "{ is missing");
        refused("while true; do true; done", "while is not supported");
        refused("set a=${b", "${ is not closed");
    }

    @Test
    void whatHasNoEndIsRefused() {
        refused("function f { f; }\nf", "call each other");
        refused("if true; then\n".repeat(1000), "nested more than");
        refused("[ " + "( ".repeat(900) + "]", "nested too deep");
        refused("set a=aaaaaaaaaaaaaaaaaa\n" + "set a=$a$a\n".repeat(64), "a word is longer");
        refused("menuentry m { }\n".repeat(2000), "more than 1000 menu entries");
        refused(
                "for i in 1 2 3 4 5 6 7 8 9; do\n".repeat(8) + "true;" + "done\n".repeat(8),
                "steps");
        var many = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            many.append("set v").append(i).append("=1\n");
        }
        refused(many.toString(), "more than 1024 variables");
        files.put("/self.cfg", "source (hd0,gpt3)/self.cfg");
        refused("source (hd0,gpt3)/self.cfg", "call each other");
    }

    private void refused(String text, String reason) {
        assertThatThrownBy(() -> choose(text))
                .as(text.substring(0, Math.min(text.length(), 60)))
                .isInstanceOf(GrubException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void extlinuxStartsItsDefault() throws Exception {
        var text =
                """
                DEFAULT second
                TIMEOUT 50
                APPEND quiet
                LABEL first
                  KERNEL /vmlinuz-old
                LABEL second
                  menu label The second
                  linux ../vmlinuz
                  append root=/dev/xvda1 ro initrd=/initrd.img
                """;
        var choice = Extlinux.choose(text, "hd0", "/boot/extlinux", Optional.empty());
        assertThat(choice.kernel().path()).isEqualTo("/boot/extlinux/../vmlinuz");
        assertThat(choice.arguments()).isEqualTo("root=/dev/xvda1 ro");
        assertThat(choice.ramdisks()).containsExactly(new Place("hd0", "/initrd.img"));
        var first = Extlinux.choose(text, "hd0", "/boot", Optional.of("first"));
        assertThat(first.kernel().path()).isEqualTo("/vmlinuz-old");
        assertThat(first.arguments()).isEqualTo("quiet");
        assertThatThrownBy(() -> Extlinux.choose(text, "hd0", "/boot", Optional.of("third")))
                .hasMessage("it has no entry \"third\"");
    }
}
