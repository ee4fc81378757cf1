package org.xenolith.maker;

import org.xenolith.images.ImageFormat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// What guest to make. An impossible one is refused by the constructor with [MakeException].
///
/// @param name of the domain, and of the files that are made
/// @param diskBytes of the disk, a multiple of 1 MiB
/// @param user who may log in and use sudo
/// @param publicKey a file; empty: a pair is made
/// @param passwordFile whose first line is the user's password; empty: none, and the console logs
///   the user in without one
/// @param packages to install beside the usual ones
/// @param directory where the files are put
/// @param mirror where packages come from; empty: from where the host has its own
/// @param cloudInit whether cloud-init is installed, and a seed made for it
/// @param userData the seed's user-data; empty: one that makes the user
/// @param replace whether files that are there are overwritten
public record GuestSpec(
        Release release,
        String name,
        String hostname,
        long diskBytes,
        ImageFormat format,
        String user,
        Optional<Path> publicKey,
        Optional<Path> passwordFile,
        List<String> packages,
        Path directory,
        Optional<String> mirror,
        boolean cloudInit,
        Optional<Path> userData,
        boolean replace) {
    static final long DISK_BYTES_MIN = 1L << 30;
    static final long DISK_BYTES_MAX = 16L << 40;
    static final long MIB = 1 << 20;

    /// Also the names of files and of the file system, and words of shell scripts.
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

    private static final Pattern HOSTNAME =
            Pattern.compile(
                    "(?!.{65})[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
                            + "(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*");

    private static final Pattern USER = Pattern.compile("[a-z_][a-z0-9_-]{0,31}");
    private static final Pattern PACKAGE = Pattern.compile("[a-z0-9][a-z0-9+.-]{1,127}");
    private static final Pattern MIRROR = Pattern.compile("(https?|file|copy)://?[!-~]{1,500}");

    public GuestSpec {
        packages = List.copyOf(packages);
    }

    /// The spec itself if a guest can be made by it.
    public GuestSpec checked() throws MakeException {
        require(NAME.matcher(name).matches(), "name", name);
        require(!name.chars().allMatch(Character::isDigit), "name", name);
        require(HOSTNAME.matcher(hostname).matches(), "hostname", hostname);
        require(USER.matcher(user).matches() && !user.equals("root"), "user", user);
        for (var one : packages) {
            require(PACKAGE.matcher(one).matches(), "package", one);
        }
        if (mirror.isPresent()) {
            require(MIRROR.matcher(mirror.get()).matches(), "mirror", mirror.get());
        }
        if (diskBytes < DISK_BYTES_MIN || diskBytes > DISK_BYTES_MAX || diskBytes % MIB != 0) {
            throw new MakeException(
                    "a disk must have whole MiB, from 1 GiB to 16 TiB, not %d bytes"
                            .formatted(diskBytes));
        }
        if (userData.isPresent() && !cloudInit) {
            throw new MakeException("user-data is for cloud-init, which was not asked for");
        }
        return this;
    }

    private static void require(boolean right, String what, String value) throws MakeException {
        if (!right) {
            throw new MakeException("%s \"%s\" cannot be used".formatted(what, value));
        }
    }

    Path file(String suffix) {
        return directory.resolve(name + suffix);
    }

    public Path image() {
        return file(format == ImageFormat.RAW ? ".img" : "." + format.spelling());
    }

    /// The configuration that `xl create` takes.
    public Path config() {
        return file(".cfg");
    }

    /// The private half of the pair that is made where no key is given.
    public Path privateKey() {
        return file(".key");
    }

    public Path seed() {
        return file("-seed.iso");
    }
}
