package org.xenolith.boot.grub;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Finds what extlinux and its relatives would start (syslinux' doc/syslinux.txt): lines of a word
/// and its value; `LABEL` begins an entry, `DEFAULT` names one.
public final class Extlinux {
    private static final int LABELS_MAX = 1000;

    private Extlinux() {}

    private static final class Label {
        final String name;
        String kernel = "";
        String ramdisk = "";
        String arguments = "";

        Label(String name) {
            this.name = name;
        }
    }

    /// The entry that `text`, a configuration found on `device` in `directory`, starts by default,
    /// or the one that `entry` names by its label or its number from 0.
    public static BootChoice choose(
            String text, String device, String directory, Optional<String> entry)
            throws GrubException {
        var labels = new ArrayList<Label>();
        var defaults = new Label("");
        for (var line : text.lines().map(String::strip).toList()) {
            var words = line.split("\\s+", 2);
            var value = words.length == 2 ? words[1] : "";
            var target = labels.isEmpty() ? defaults : labels.getLast();
            switch (words[0].toLowerCase(Locale.ROOT)) {
                case "default" -> defaults.kernel = value;
                case "label" -> labels.add(new Label(value));
                case "kernel", "linux" -> target.kernel = value;
                case "initrd" -> target.ramdisk = value;
                case "append" -> target.arguments = value;
                default -> {
                    // What is shown, and how long.
                }
            }
            if (labels.size() > LABELS_MAX) {
                throw new GrubException("it has more than " + LABELS_MAX + " labels");
            }
        }
        var label = find(labels, entry.orElse(defaults.kernel), entry.isEmpty());
        var arguments = label.arguments.isEmpty() ? defaults.arguments : label.arguments;
        return choice(label, arguments, device, directory);
    }

    private static Label find(List<Label> labels, String name, boolean orFirst)
            throws GrubException {
        for (int i = 0; i < labels.size(); i++) {
            if (labels.get(i).name.equals(name) || name.equals(Integer.toString(i))) {
                return labels.get(i);
            }
        }
        if (!orFirst || labels.isEmpty()) {
            throw new GrubException("it has no entry \"" + name + "\"");
        }
        return labels.getFirst();
    }

    private static BootChoice choice(Label label, String arguments, String device, String directory)
            throws GrubException {
        var ramdisk = label.ramdisk;
        var kept = new ArrayList<String>();
        for (var word : arguments.split("\\s+")) {
            if (word.startsWith("initrd=")) {
                ramdisk = word.substring("initrd=".length());
            } else if (!word.isEmpty()) {
                kept.add(word);
            }
        }
        if (label.kernel.isEmpty()) {
            throw new GrubException("the entry \"" + label.name + "\" loads no kernel");
        }
        var ramdisks = new ArrayList<BootChoice.Place>();
        for (var file : ramdisk.split(",")) {
            if (!file.isEmpty()) {
                ramdisks.add(new BootChoice.Place(device, resolve(directory, file)));
            }
        }
        return new BootChoice(
                label.name,
                new BootChoice.Place(device, resolve(directory, label.kernel)),
                String.join(" ", kept),
                ramdisks);
    }

    private static String resolve(String directory, String file) {
        return file.startsWith("/") ? file : directory + "/" + file;
    }
}
