package org.xenolith.boot;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What `bootloader_args` say to pygrub, in the words of Xen's own.
///
/// @param entry of the menu, by its number from 0, its title or its id
/// @param kernel a path in the guest's disk, instead of what its boot loader says
/// @param ramdisk the same
/// @param arguments stand before the command line of the boot loader's entry
/// @param offset where on the disk the file system begins, in bytes
public record PygrubOptions(
        Optional<String> entry,
        Optional<String> kernel,
        Optional<String> ramdisk,
        String arguments,
        Optional<Long> offset) {
    public static final PygrubOptions NONE =
            new PygrubOptions(
                    Optional.empty(), Optional.empty(), Optional.empty(), "", Optional.empty());

    /// Reads options as `--entry=1` or, in two words, `--entry 1`.
    public static PygrubOptions parse(List<String> words) throws BootException {
        var options = NONE;
        for (int i = 0; i < words.size(); i++) {
            var word = words.get(i);
            int equals = word.indexOf('=');
            var name = equals < 0 ? word : word.substring(0, equals);
            switch (name) {
                case "-q", "--quiet" -> {}
                case "--entry", "--kernel", "--ramdisk", "--args", "--offset" -> {
                    if (equals < 0 && i + 1 == words.size()) {
                        throw new BootException("pygrub's option " + name + " needs a value");
                    }
                    var value = equals < 0 ? words.get(++i) : word.substring(equals + 1);
                    options = options.with(name, value);
                }
                default -> throw new BootException("pygrub has no option " + word + " here");
            }
        }
        return options;
    }

    private PygrubOptions with(String name, String value) throws BootException {
        return switch (name) {
            case "--entry" ->
                    new PygrubOptions(Optional.of(value), kernel, ramdisk, arguments, offset);
            case "--kernel" -> withKernel(value);
            case "--ramdisk" -> withRamdisk(value);
            case "--args" -> withArguments(value);
            default -> new PygrubOptions(entry, kernel, ramdisk, arguments, offset(value));
        };
    }

    private static Optional<Long> offset(String value) throws BootException {
        try {
            return Optional.of(Long.parseLong(value));
        } catch (NumberFormatException e) {
            throw new BootException("pygrub's option --offset needs a number of bytes", e);
        }
    }

    public PygrubOptions withKernel(String path) {
        return new PygrubOptions(entry, Optional.of(path), ramdisk, arguments, offset);
    }

    public PygrubOptions withRamdisk(String path) {
        return new PygrubOptions(entry, kernel, Optional.of(path), arguments, offset);
    }

    public PygrubOptions withArguments(String text) {
        return new PygrubOptions(entry, kernel, ramdisk, text, offset);
    }

    /// Words that [#parse] reads as these options.
    public List<String> words() {
        var words = new ArrayList<String>();
        entry.ifPresent(value -> words.add("--entry=" + value));
        kernel.ifPresent(value -> words.add("--kernel=" + value));
        ramdisk.ifPresent(value -> words.add("--ramdisk=" + value));
        if (!arguments.isEmpty()) {
            words.add("--args=" + arguments);
        }
        offset.ifPresent(value -> words.add("--offset=" + value));
        return words;
    }
}
