package org.xenolith.maker;

import org.xenolith.boot.FrontEndOptions;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// Writes down, in a directory of work, what goes into a guest's tree and the scripts that put it
/// there: `early` before the packages are set up, `files` after that, `last` when the tree is
/// whole.
record GuestFiles(GuestSpec spec, UUID fileSystem, Path work) {
    private static final List<String> SCRIPTS =
            List.of("before-packages.sh", "after-packages.sh", "make-file-system.sh");

    void write(List<String> authorizedKeys, Optional<String> password) throws IOException {
        for (var script : SCRIPTS) {
            executable(work.resolve(script), resource(script));
        }
        boolean seeded = spec.cloudInit(); // then cloud-init makes the user
        text("user", seeded ? "" : spec.user());
        text("password", password.map(word -> spec.user() + ":" + word + "\n").orElse(""));
        text("authorized_keys", String.join("\n", authorizedKeys) + "\n");
        writeEarly();
        writeFiles(password.isEmpty());
        writeLast();
    }

    private void writeEarly() throws IOException {
        executable(
                work.resolve("early/etc/initramfs-tools/hooks/guest-disks"),
                resource("initramfs-hook.sh"));
        // The usual list has modules and firmware for all machines, which cost time at each boot.
        text("early/etc/initramfs-tools/conf.d/guest", "MODULES=list\nCOMPRESS=lz4\n");
        text("early/" + FrontEndOptions.PATH, FrontEndOptions.content());
        text("early/etc/fstab", "UUID=" + fileSystem + " / ext4 errors=remount-ro 0 1\n");
    }

    private void writeFiles(boolean openConsole) throws IOException {
        text("files/etc/fstab", "UUID=" + fileSystem + " / ext4 errors=remount-ro 0 1\n");
        text(
                "files/etc/default/grub",
                "# Read by pygrub-config, and by GRUB's tools where they are installed.\n"
                        + "GRUB_TIMEOUT=0\n"
                        + "GRUB_CMDLINE_LINUX=\"console=hvc0\"\n"
                        + "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n");
        executable(
                work.resolve("files/usr/local/sbin/pygrub-config"), resource("pygrub-config.sh"));
        for (var when : List.of("postinst.d", "postrm.d")) {
            executable(
                    work.resolve("files/etc/kernel/" + when + "/zz-pygrub-config"),
                    "#!/bin/sh\nexec /usr/local/sbin/pygrub-config\n");
        }
        text(
                "files/etc/systemd/network/80-dhcp.network",
                "[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n");
        text("files/etc/sudoers.d/90-guest-user", spec.user() + " ALL=(ALL) NOPASSWD:ALL\n");
        text("files/etc/default/locale", "LANG=C.UTF-8\n");
        // A processor of software on a busy host is slow, and what is slow has not failed.
        text(
                "files/etc/systemd/system.conf.d/50-patience.conf",
                "[Manager]\nDefaultTimeoutStartSec=15min\nDefaultDeviceTimeoutSec=15min\n"
                        // Then networkd gives an interface up; Debian 12 does not know it.
                        + "DefaultEnvironment=SYSTEMD_NETLINK_DEFAULT_TIMEOUT=15min\n");
        if (openConsole && !spec.cloudInit()) {
            text(
                    "files/etc/systemd/system/serial-getty@hvc0.service.d/login.conf",
                    "# Who holds the console holds the disk.\n[Service]\nExecStart=\n"
                            + "ExecStart=-/sbin/agetty --autologin "
                            + spec.user()
                            + " --keep-baud 115200,57600,38400,9600 - $TERM\n");
        }
        if (spec.cloudInit()) {
            text("files/etc/cloud/cloud.cfg.d/90-guest.cfg", "datasource_list: [NoCloud, None]\n");
        }
    }

    /// What mmdebstrap takes from the host while packages are installed, or removes at the end.
    private void writeLast() throws IOException {
        text("last/etc/hostname", spec.hostname() + "\n");
        text(
                "last/etc/hosts",
                "127.0.0.1 localhost\n127.0.1.1 "
                        + spec.hostname()
                        + "\n::1 localhost ip6-localhost ip6-loopback\n");
        // Empty: each guest gets one of its own at its first boot.
        text("last/etc/machine-id", "");
        Files.createSymbolicLink(
                work.resolve("last/etc/resolv.conf"),
                Path.of("../run/systemd/resolve/stub-resolv.conf"));
    }

    private void text(String name, String content) throws IOException {
        var file = work.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    private static void executable(Path file, String content) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
        if (!file.toFile().setExecutable(true, false)) {
            throw new IOException("cannot make " + file + " executable");
        }
    }

    private static String resource(String name) throws IOException {
        try (var stream = GuestFiles.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IOException("there is no " + name + " in this program");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
