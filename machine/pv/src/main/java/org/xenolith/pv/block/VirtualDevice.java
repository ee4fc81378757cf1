package org.xenolith.pv.block;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A disk or partition as its guest knows it: the name that a configuration gives it, and the
/// number that stands for it in xenstore (docs/man/xen-vbd-interface.7.pandoc in the Xen tree).
///
/// @param name `xvda`, `d0p2`, `hdc`, `51712`, ...
/// @param number what `virtual-device` says
public record VirtualDevice(String name, int number) {
    private static final Pattern NUMBERED = Pattern.compile("d(\\d{1,7})(?:p(\\d{1,3}))?");
    private static final Pattern LETTERED = Pattern.compile("(xvd|hd|sd)([a-z]{1,5})(\\d{1,3})?");

    private static final int XVD_MAJOR = 202;
    private static final int SD_MAJOR = 8;
    private static final int[] HD_MAJORS = {3, 22};

    /// Marks a number with room for more disks and partitions.
    private static final int EXTENDED = 1 << 28;

    private static final int EXTENDED_DISK_MAX = (1 << 20) - 1;
    private static final int EXTENDED_PARTITION_MAX = 255;

    /// Numbers from here on are reserved.
    private static final long NUMBER_LIMIT = 2L << 28;

    /// The device that `name` means; empty if it means none.
    public static Optional<VirtualDevice> parse(String name) {
        var number = numbered(name);
        if (number.isEmpty()) {
            number = lettered(name);
        }
        if (number.isEmpty()) {
            number = literal(name);
        }
        return number.isEmpty()
                ? Optional.empty()
                : Optional.of(new VirtualDevice(name, number.getAsInt()));
    }

    private static OptionalInt numbered(String name) {
        var match = NUMBERED.matcher(name);
        return match.matches() && isCanonical(match.group(1))
                ? xvd(Integer.parseInt(match.group(1)), partition(match, 2))
                : OptionalInt.empty();
    }

    private static OptionalInt lettered(String name) {
        var match = LETTERED.matcher(name);
        // No partition 0 by name: `xvda` is the whole disk.
        if (!match.matches() || "0".equals(match.group(3))) {
            return OptionalInt.empty();
        }
        int disk = 0;
        for (char letter : match.group(2).toCharArray()) {
            disk = disk * 26 + (letter - 'a' + 1);
        }
        disk--;
        int partition = partition(match, 3);
        return switch (match.group(1)) {
            case "xvd" -> xvd(disk, partition);
            case "sd" -> sd(disk, partition);
            default -> hd(disk, partition);
        };
    }

    /// A number as xenstore has it, decimal, 0x hexadecimal or 0 octal.
    private static OptionalInt literal(String name) {
        if (!name.matches("0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}")) {
            return OptionalInt.empty();
        }
        try {
            long number = Long.decode(name);
            return number < NUMBER_LIMIT ? OptionalInt.of((int) number) : OptionalInt.empty();
        } catch (NumberFormatException _) {
            return OptionalInt.empty(); // an 8 or 9 in an octal number
        }
    }

    /// 0 if there is none; -1, which no encoding takes, for digits that begin with 0.
    private static int partition(Matcher match, int group) {
        var digits = match.group(group);
        if (digits == null) {
            return 0;
        }
        return isCanonical(digits) ? Integer.parseInt(digits) : -1;
    }

    private static boolean isCanonical(String digits) {
        return digits.equals("0") || !digits.startsWith("0");
    }

    private static OptionalInt xvd(int disk, int partition) {
        if (!isWithin(disk, EXTENDED_DISK_MAX, partition, EXTENDED_PARTITION_MAX)) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(
                disk <= 15 && partition <= 15
                        ? XVD_MAJOR << 8 | disk << 4 | partition
                        : EXTENDED | disk << 8 | partition);
    }

    private static OptionalInt sd(int disk, int partition) {
        return isWithin(disk, 15, partition, 15)
                ? OptionalInt.of(SD_MAJOR << 8 | disk << 4 | partition)
                : OptionalInt.empty();
    }

    private static OptionalInt hd(int disk, int partition) {
        return isWithin(disk, 3, partition, 63)
                ? OptionalInt.of(HD_MAJORS[disk / 2] << 8 | disk % 2 << 6 | partition)
                : OptionalInt.empty();
    }

    private static boolean isWithin(int disk, int diskMax, int partition, int partitionMax) {
        return disk <= diskMax && partition >= 0 && partition <= partitionMax;
    }

    @Override
    public String toString() {
        return name;
    }
}
