package org.xenolith.xl;

import static org.xenolith.xl.Option.flag;
import static org.xenolith.xl.Option.with;

import java.util.List;

/// The commands of `xl image`, one row each. Letters are those of `qemu-img`.
final class ImageVerbs {
    private static final Option FORMAT =
            with('f', "format", "FORMAT", "raw, qcow2 or vhd; else as the file's first bytes say.");
    private static final Option SHARED =
            flag('U', "force-share", "Look at it even if a domain is writing to it.");
    private static final Option JSON = flag("json", "Print JSON, as qemu-img does.");
    private static final Option PROGRESS = flag('p', "progress", "Show how far it is.");
    private static final Option FORCE = flag("force", "Overwrite a file that is there.");
    private static final Option DETAILS =
            with(
                    'o',
                    "options",
                    "NAME=VALUE,...",
                    "qcow2: cluster_size, compat (0.10, 1.1), refcount_bits, compression_type"
                            + " (zlib, zstd); vhd: subformat (dynamic, fixed).");

    static final List<Verb> ROWS =
            List.of(
                    new Verb(
                            "image create",
                            "Make an image of zeros, or on top of another one",
                            "[options] <File> [Size]",
                            1,
                            2,
                            List.of(
                                    with('f', "format", "FORMAT", "raw, qcow2 (default) or vhd."),
                                    with('b', "backing", "FILE", "The image to lie under it."),
                                    with('F', "backing-format", "FORMAT", "That image's format."),
                                    DETAILS,
                                    FORCE),
                            ImageCommands::create),
                    new Verb(
                            "image info",
                            "Print what an image's headers say",
                            "[options] <File>",
                            1,
                            1,
                            List.of(
                                    FORMAT,
                                    SHARED,
                                    flag("backing-chain", "And all that is under it."),
                                    JSON),
                            ImageCommands::info),
                    new Verb(
                            "image check",
                            "Check an image. Exit code 0: sound, 2: corrupt, 3: space is lost",
                            "[options] <File>",
                            1,
                            1,
                            List.of(
                                    FORMAT,
                                    with('r', "repair", "leaks|all", "Mend what is found."),
                                    JSON),
                            ImageCommands::check),
                    new Verb(
                            "image snapshot",
                            "List, take, apply or delete the snapshots inside an image",
                            "[options] <File>",
                            1,
                            1,
                            List.of(
                                    FORMAT,
                                    flag('l', "list", "List them; so it does without options."),
                                    with('c', "create", "NAME", "Take one."),
                                    with('a', "apply", "NAME", "Make the disk what it was then."),
                                    with('d', "delete", "NAME", "Delete one.")),
                            ImageCommands::snapshot),
                    new Verb(
                            "image clone",
                            "Make an image that reads as another does and takes no space",
                            "[options] <Source> <File>",
                            2,
                            2,
                            List.of(FORMAT),
                            ImageCommands::cloneImage),
                    new Verb(
                            "image commit",
                            "Write what an image holds into its backing file",
                            "[options] <File>",
                            1,
                            1,
                            List.of(
                                    FORMAT,
                                    flag('d', "keep", "Do not empty the image afterwards."),
                                    PROGRESS),
                            ImageCommands::commit),
                    new Verb(
                            "image resize",
                            "Change the size of a disk",
                            "[options] <File> <[+|-]Size>",
                            2,
                            2,
                            List.of(FORMAT, flag("shrink", "It may become smaller.")),
                            ImageCommands::resize),
                    new Verb(
                            "image convert",
                            "Copy a disk into a new image; zeros stay holes",
                            "[options] <Source> <File>",
                            2,
                            2,
                            List.of(
                                    FORMAT,
                                    with(
                                            'O',
                                            "output",
                                            "FORMAT",
                                            "Of the new image; raw if unset."),
                                    DETAILS,
                                    flag('c', "compress", "Compress clusters (qcow2)."),
                                    FORCE,
                                    PROGRESS),
                            ImageCommands::convert),
                    new Verb(
                            "image map",
                            "Print what is kept where",
                            "[options] <File>",
                            1,
                            1,
                            List.of(FORMAT, SHARED, JSON),
                            ImageCommands::map),
                    new Verb(
                            "image changed",
                            "Note from now on, or print, which blocks were written",
                            "[options] <File>",
                            1,
                            1,
                            List.of(
                                    FORMAT,
                                    with("start", "NAME", "Begin to note changes under a name."),
                                    with("since", "NAME", "Print what was written since."),
                                    with("remove", "NAME", "Note them no longer."),
                                    JSON),
                            ImageCommands::changed));

    private ImageVerbs() {}
}
