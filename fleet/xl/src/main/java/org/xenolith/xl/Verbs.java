package org.xenolith.xl;

import static org.xenolith.xl.Option.flag;
import static org.xenolith.xl.Option.with;
import static org.xenolith.xl.Verb.ANY_NUMBER;

import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The commands of `xl` but for those of [GuestVerbs], [MigrateVerbs], [RemusVerbs] and
/// [WitnessCommand], one row each, in the order of `xl help`.
final class Verbs {
    private static final List<Verb> OTHER_ROWS =
            List.of(
                    new Verb(
                            "create",
                            "Create a domain from config file <filename>",
                            "<ConfigFile> [options] [vars]",
                            0,
                            ANY_NUMBER,
                            List.of(
                                    flag(
                                            'c',
                                            "Connect to the console after the domain is created."
                                                    + " Exit code 1 if the guest crashes."),
                                    flag('d', "Enable debug messages."),
                                    flag(
                                            'e',
                                            "Do not wait in the background for the death of the"
                                                    + " domain."),
                                    flag('F', "Run in foreground until death of the domain."),
                                    with(
                                            'f',
                                            "defconfig",
                                            "FILE",
                                            "Use the given configuration file."),
                                    flag(
                                            'n',
                                            "dryrun",
                                            "Dry run - prints the resulting configuration."),
                                    flag('p', "Leave the domain paused after it is created."),
                                    flag('q', "quiet", "Quiet."),
                                    flag('V', "vncviewer", "Accepted; there is no VNC display."),
                                    flag(
                                            'A',
                                            "vncviewer-autopass",
                                            "Accepted; there is no VNC display."),
                                    flag(
                                            "ignore-global-affinity-masks",
                                            "Accepted; there are no such masks.")),
                            CreateCommand::run),
                    new Verb(
                            "list",
                            "List information about all/some domains",
                            "[options] [Domain]",
                            0,
                            1,
                            List.of(
                                    flag('l', "long", "Output all VM details"),
                                    flag('v', "verbose", "Prints out UUIDs and security context"),
                                    flag('Z', "context", "Prints out security context"),
                                    flag('c', "cpupool", "Prints the cpupool the domain is in"),
                                    flag('n', "numa", "Prints out NUMA node affinity")),
                            ListCommands::list),
                    new Verb(
                            "destroy",
                            "Terminate a domain immediately",
                            "[options] <Domain>",
                            1,
                            1,
                            List.of(flag('f', "Accepted; domain 0 is not a domain of ours.")),
                            LifecycleCommands::destroy),
                    new Verb(
                            "shutdown",
                            "Issue a shutdown signal to a domain",
                            "[options] <-a|Domain>",
                            0,
                            1,
                            shutdownOptions("Shutdown", "shutdown"),
                            LifecycleCommands::shutdown),
                    new Verb(
                            "reboot",
                            "Issue a reboot signal to a domain",
                            "[options] <-a|Domain>",
                            0,
                            1,
                            shutdownOptions("Reboot", "reboot"),
                            LifecycleCommands::reboot),
                    new Verb(
                            "pause",
                            "Pause execution of a domain",
                            "<Domain>",
                            1,
                            1,
                            List.of(),
                            LifecycleCommands::pause),
                    new Verb(
                            "unpause",
                            "Unpause a paused domain",
                            "<Domain>",
                            1,
                            1,
                            List.of(),
                            LifecycleCommands::unpause),
                    new Verb(
                            "save",
                            "Save a domain state to restore later",
                            "[options] <Domain> <CheckpointFile> [<ConfigFile>]",
                            2,
                            3,
                            List.of(
                                    flag('c', "Leave domain running after creating the snapshot."),
                                    flag('p', "Leave domain paused after creating the snapshot.")),
                            SaveCommands::save),
                    new Verb(
                            "restore",
                            "Restore a domain from a saved state",
                            "[options] [<ConfigFile>] <CheckpointFile>",
                            1,
                            2,
                            List.of(
                                    flag('c', "Connect to the console after it is restored."),
                                    flag('d', "Enable debug messages."),
                                    flag(
                                            'e',
                                            "Do not wait in the background for the death of the"
                                                    + " domain."),
                                    flag('F', "Run in foreground until death of the domain."),
                                    flag('p', "Do not unpause domain after restoring it."),
                                    flag('V', "vncviewer", "Accepted; there is no VNC display."),
                                    flag(
                                            'A',
                                            "vncviewer-autopass",
                                            "Accepted; there is no VNC display.")),
                            SaveCommands::restore),
                    new Verb(
                            "fork",
                            "Clone a running domain, memory and all. Ours",
                            "[options] <Domain> <NewName>",
                            2,
                            2,
                            List.of(flag('p', "Leave the clone paused.")),
                            SaveCommands::fork),
                    new Verb(
                            "console",
                            "Attach to domain's console",
                            "[options] <Domain>",
                            1,
                            1,
                            List.of(
                                    with('t', "", "<type>", "console type, pv or serial"),
                                    with('n', "", "<number>", "console number, 0"),
                                    with('e', "", "<escape>", "escape character, ^] unless set")),
                            ConsoleCommand::run),
                    new Verb(
                            "block-attach",
                            "Create a new virtual block device",
                            "<Domain> <disk-spec-component(s)>...",
                            2,
                            ANY_NUMBER,
                            List.of(),
                            BlockCommands::attach),
                    new Verb(
                            "block-list",
                            "List virtual block devices for a domain",
                            "[options] <Domain(s)>",
                            1,
                            ANY_NUMBER,
                            List.of(flag("json", "Output as JSON, with statistics. Ours.")),
                            BlockCommands::list),
                    new Verb(
                            "block-detach",
                            "Destroy a domain's virtual block device",
                            "[option] <Domain> <DevId>",
                            2,
                            2,
                            List.of(flag('f', "force", "Do not wait for the guest to let go.")),
                            BlockCommands::detach),
                    new Verb(
                            "block-resize",
                            "Make a domain's virtual block device longer. Ours",
                            "<Domain> <DevId> <Bytes, or with k, M, G or T>",
                            3,
                            3,
                            List.of(),
                            BlockCommands::resize),
                    new Verb(
                            "cd-insert",
                            "Insert a cdrom into a guest's cd drive",
                            "<Domain> <VirtualDevice> <path>",
                            3,
                            3,
                            List.of(),
                            BlockCommands::insert),
                    new Verb(
                            "cd-eject",
                            "Eject a cdrom from a guest's cd drive",
                            "<Domain> <VirtualDevice>",
                            2,
                            2,
                            List.of(),
                            BlockCommands::eject),
                    new Verb(
                            "network-attach",
                            "Create a new virtual network device",
                            "<Domain> [type=<type>] [mac=<mac>] [bridge=<bridge>] [network=<name>]"
                                    + " [passt] ...",
                            1,
                            ANY_NUMBER,
                            List.of(),
                            NetworkCommands::attach),
                    new Verb(
                            "network-list",
                            "List virtual network interfaces for a domain",
                            "[options] <Domain(s)>",
                            1,
                            ANY_NUMBER,
                            List.of(flag("json", "Output as JSON, with statistics. Ours.")),
                            NetworkCommands::list),
                    new Verb(
                            "network-detach",
                            "Destroy a domain's virtual network device",
                            "<Domain> <DevId|mac>",
                            2,
                            2,
                            List.of(),
                            NetworkCommands::detach),
                    new Verb(
                            "vcpu-list",
                            "List the VCPUs for all/some domains",
                            "[Domain, ...]",
                            0,
                            ANY_NUMBER,
                            List.of(),
                            ListCommands::vcpuList),
                    new Verb(
                            "vm-list",
                            "List guest domains, excluding dom0, stubdoms, etc.",
                            "",
                            0,
                            0,
                            List.of(),
                            ListCommands::vmList),
                    new Verb(
                            "info",
                            "Get information about Xen host",
                            "[options] [Name]",
                            0,
                            1,
                            List.of(flag('n', "numa", "List host NUMA topology information")),
                            InfoCommand::run),
                    new Verb(
                            "dmesg",
                            "Read and/or clear dmesg buffer",
                            "[options] [Domain]",
                            0,
                            1,
                            List.of(flag('c', "clear", "Clear dmesg buffer after reading")),
                            ListCommands::dmesg),
                    new Verb(
                            "domid",
                            "Convert a domain name to domain id",
                            "<DomainName>",
                            1,
                            1,
                            List.of(),
                            ListCommands::domainId),
                    new Verb(
                            "domname",
                            "Convert a domain id to domain name",
                            "<DomainId>",
                            1,
                            1,
                            List.of(),
                            ListCommands::domainName),
                    new Verb(
                            "uptime",
                            "Print uptime for all/some domains",
                            "[-s] [Domain, ...]",
                            0,
                            ANY_NUMBER,
                            List.of(flag('s', "short", "Print short format")),
                            ListCommands::uptime),
                    Verb.group(
                            "image", "Make, look at and change images of disks", ImageVerbs.ROWS),
                    Verb.group("guest", "Make whole guests. Ours", MakerCommands.ROWS),
                    new Verb(
                            "help",
                            "Print the help of a command, or the list of commands",
                            "[Command]",
                            0,
                            1,
                            List.of(),
                            Verbs::help));

    private static final List<Verb> ROWS =
            Stream.of(
                            OTHER_ROWS,
                            MigrateVerbs.ROWS,
                            RemusVerbs.ROWS,
                            WitnessCommand.ROWS,
                            GuestVerbs.ROWS)
                    .flatMap(List::stream)
                    .toList();

    private Verbs() {}

    private static List<Option> shutdownOptions(String act, String noun) {
        return List.of(
                flag('a', "all", act + " all guest domains."),
                flag('F', "Accepted; a guest without PV drivers cannot be asked to " + noun + "."),
                flag(
                        'w',
                        "wait",
                        "Wait for guest(s) to " + noun + "; twice, until they are destroyed."));
    }

    static Optional<Verb> find(String name) {
        return ROWS.stream().filter(verb -> verb.name().equals(name)).findFirst();
    }

    static void printList(PrintStream out) {
        out.printf("Usage xl [-vfNtT] <subcommand> [args]%n%n");
        out.printf("xl full list of subcommands:%n%n");
        ROWS.forEach(verb -> out.printf(" %-19s %s%n", verb.name(), verb.summary()));
    }

    static List<Verb> all() {
        return ROWS;
    }

    private static int help(Session session, Arguments arguments) throws UsageException {
        if (arguments.operands().isEmpty()) {
            printList(session.out());
            return 0;
        }
        var name = arguments.operands().getFirst();
        find(name)
                .orElseThrow(() -> new UsageException("command \"" + name + "\" not implemented"))
                .printHelp(session.out());
        return 0;
    }
}
