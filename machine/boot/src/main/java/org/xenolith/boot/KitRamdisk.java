package org.xenolith.boot;

import org.xenolith.base.Bug;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/// Builds the guest kit's initramfs: busybox, an init that runs a shell on the console, and what
/// modules there are. Not packed: a guest unpacks more slowly than it copies.
///
/// @param release the kernel's release, as `uname -r` tells it
record KitRamdisk(String release, byte[] busybox, List<KernelModule> modules) {
    private static final int EXECUTABLE = 0755;
    private static final int READABLE = 0644;

    private static final String PROFILE =
            """
            export PATH=/sbin:/usr/sbin:/bin:/usr/bin HOME=/root TERM=linux PS1='\\w # '
            cd
            """;

    void write(OutputStream output) throws IOException {
        try (var cpio = new CpioWriter(output)) {
            var directories =
                    "bin dev etc etc/modprobe.d lib lib/modules mnt proc root run sbin sys usr usr/bin"
                            + " usr/sbin var";
            for (var name : directories.split(" ")) {
                cpio.directory(name, EXECUTABLE);
            }
            cpio.directory("tmp", 01777);
            cpio.characterDevice("dev/console", 0600, 5, 1);
            cpio.characterDevice("dev/null", 0666, 1, 3);
            cpio.file("bin/busybox", EXECUTABLE, busybox);
            cpio.symbolicLink("bin/sh", "busybox");
            cpio.file("init", EXECUTABLE, resource("init.sh"));
            // The kernel itself runs the first two when it is asked to end.
            for (var ending : List.of("poweroff", "reboot", "halt")) {
                cpio.file("sbin/" + ending, EXECUTABLE, text(ending(ending)));
            }
            cpio.file("sbin/session", EXECUTABLE, resource("session.sh"));
            cpio.file("etc/inittab", READABLE, text("::once:/sbin/session\n"));
            cpio.file("etc/passwd", READABLE, text("root:x:0:0:root:/root:/bin/sh\n"));
            cpio.file("etc/group", READABLE, text("root:x:0:\n"));
            cpio.file("etc/profile", READABLE, text(PROFILE));
            writeModules(cpio);
        }
    }

    private void writeModules(CpioWriter cpio) throws IOException {
        var directory = "lib/modules/" + release;
        var loaded =
                modules.stream()
                        .map(KernelModule::name)
                        .filter(GuestKit.LOADED_MODULES::contains)
                        .map(name -> name + "\n")
                        .collect(Collectors.joining());
        var dependencies = modules.stream().map(this::dependencies).collect(Collectors.joining());
        cpio.file("etc/modules", READABLE, text(loaded));
        cpio.file(FrontEndOptions.PATH, READABLE, text(FrontEndOptions.content()));
        cpio.directory(directory, EXECUTABLE);
        cpio.file(directory + "/modules.dep", READABLE, text(dependencies));
        for (var module : modules) {
            cpio.file(directory + "/" + module.fileName(), READABLE, module.content());
        }
    }

    private String dependencies(KernelModule module) {
        var needed =
                modules.stream()
                        .filter(other -> module.depends().contains(other.name()))
                        .map(other -> " " + other.fileName())
                        .collect(Collectors.joining());
        return module.fileName() + ":" + needed + "\n";
    }

    private static String ending(String applet) {
        return "#!/bin/sh\nexec /bin/busybox %s -f\n".formatted(applet);
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream stream = KitRamdisk.class.getResourceAsStream(name)) {
            Bug.check(stream != null, "the resource " + name + " is in the module");
            return stream.readAllBytes();
        }
    }
}
