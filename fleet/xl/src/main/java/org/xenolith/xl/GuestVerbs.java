package org.xenolith.xl;

import static org.xenolith.xl.Option.flag;
import static org.xenolith.xl.Option.with;
import static org.xenolith.xl.Verb.ANY_NUMBER;

import java.util.List;

/// The commands of `xl` about a running guest, one row each.
final class GuestVerbs {
    private static final String MEMORY =
            "<Domain> <MemMB['b'[bytes]|'k'[KB]|'m'[MB]|'g'[GB]|'t'[TB]]>";

    static final List<Verb> ROWS =
            List.of(
                    new Verb(
                            "mem-max",
                            "Set the maximum amount reservation for a domain",
                            MEMORY,
                            2,
                            2,
                            List.of(),
                            GuestCommands::memMax),
                    new Verb(
                            "mem-set",
                            "Set the current memory usage for a domain",
                            MEMORY,
                            2,
                            2,
                            List.of(),
                            GuestCommands::memSet),
                    new Verb(
                            "vcpu-set",
                            "Set the number of active VCPUs allowed for the domain",
                            "[option] <Domain> <vCPUs>",
                            2,
                            2,
                            List.of(
                                    flag(
                                            'i',
                                            "ignore-host",
                                            "Don't limit the vCPU based on the host CPU count")),
                            GuestCommands::vcpuSet),
                    new Verb(
                            "vcpu-pin",
                            "Set which CPUs a VCPU can use",
                            "[option] <Domain> <VCPU|all> <Hard affinity|-|all>"
                                    + " [<Soft affinity|-|all>]",
                            3,
                            4,
                            List.of(
                                    flag('f', "force", "Accepted; the host's kernel pins nothing."),
                                    flag(
                                            'i',
                                            "ignore-global-affinity-masks",
                                            "Accepted; there are no such masks.")),
                            VcpuPinCommand::run),
                    new Verb(
                            "rename",
                            "Rename a domain",
                            "<Domain> <NewDomainName>",
                            2,
                            2,
                            List.of(),
                            GuestCommands::rename),
                    new Verb(
                            "trigger",
                            "Send a trigger to a domain",
                            "<Domain> <nmi|reset|init|power|sleep|s3resume> [<VCPU>]",
                            2,
                            3,
                            List.of(),
                            GuestCommands::trigger),
                    new Verb(
                            "sysrq",
                            "Send a sysrq to a domain",
                            "<Domain> <letter>",
                            2,
                            2,
                            List.of(),
                            GuestCommands::sysrq),
                    new Verb(
                            "debug-keys",
                            "Send debug keys to Xen",
                            "<Keys>",
                            1,
                            1,
                            List.of(),
                            GuestCommands::debugKeys),
                    new Verb(
                            "dump-core",
                            "Core dump a domain",
                            "<Domain> <filename>",
                            2,
                            2,
                            List.of(),
                            GuestCommands::dumpCore),
                    new Verb(
                            "config-update",
                            "Update a running domain's saved configuration, used when rebuilding"
                                    + " the domain after reboot",
                            "<Domain> <ConfigFile> [options] [vars]",
                            1,
                            ANY_NUMBER,
                            List.of(
                                    flag('d', "Enable debug messages."),
                                    with(
                                            'f',
                                            "defconfig",
                                            "FILE",
                                            "Use the given configuration file.")),
                            ConfigUpdateCommand::run),
                    new Verb(
                            "top",
                            "Monitor a host and the domains in real time",
                            "[options]",
                            0,
                            0,
                            List.of(
                                    with('d', "delay", "SECONDS", "Between updates, 3 unless set."),
                                    flag('b', "batch", "Print, take no input, and do not clear."),
                                    with('i', "iterations", "NUMBER", "Updates before the end."),
                                    flag('v', "vcpus", "Show vCPUs."),
                                    flag('x', "vbds", "Show block devices."),
                                    flag('r', "repeat-header", "A header before each domain."),
                                    flag('f', "full-name", "Show names in full.")),
                            TopCommand::run));

    private GuestVerbs() {}
}
