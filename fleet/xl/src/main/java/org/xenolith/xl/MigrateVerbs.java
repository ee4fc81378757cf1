package org.xenolith.xl;

import static org.xenolith.xl.Option.flag;
import static org.xenolith.xl.Option.with;

import java.util.List;

/// The commands of `xl` that move domains between hosts, one row each.
final class MigrateVerbs {
    static final Option TLS =
            with(
                    "tls",
                    "DIRECTORY",
                    "Where ca.pem, cert.pem and key.pem are; ~/.xenolith/tls unless set. Ours.");

    static final List<Verb> ROWS =
            List.of(
                    new Verb(
                            "migrate",
                            "Migrate a domain to another host",
                            "[options] <Domain> <host>|tls://<host>[:<port>]",
                            1,
                            2,
                            List.of(
                                    with(
                                            'C',
                                            "",
                                            "<config>",
                                            "Send <config> instead of config file from creation."),
                                    with(
                                            's',
                                            "",
                                            "<sshcommand>",
                                            "Use <sshcommand> instead of ssh.  String will be"
                                                    + " passed to sh. If empty, run <host> instead of"
                                                    + " ssh <host> xl migrate-receive."),
                                    TLS,
                                    flag(
                                            'e',
                                            "Do not wait in the background (on <host>) for the"
                                                    + " death of the domain."),
                                    flag('p', "Do not unpause domain after migrating it."),
                                    flag(
                                            "copy-disks",
                                            "Disks that the guest may write are not shared: the"
                                                    + " other host gets copies, where there is"
                                                    + " nothing yet. Ours."),
                                    with(
                                            "connections",
                                            "N",
                                            "Send memory by N connections at once, 1 to 16; 1"
                                                    + " unless set. Ours."),
                                    with(
                                            "max-downtime",
                                            "MS",
                                            "Leave the domain here if it would stand still for"
                                                    + " longer; 1000 unless set. Ours."),
                                    with(
                                            "max-rounds",
                                            "N",
                                            "Rounds of memory while it runs; 40 unless set. Ours."),
                                    with(
                                            "max-throttle",
                                            "PERCENT",
                                            "How much of the time a guest that writes too fast may"
                                                    + " be made to rest; 95 unless set. Ours."),
                                    with(
                                            "settle",
                                            "here|there",
                                            "Say where the domain is that stands still since the"
                                                    + " other host does not answer. Ours.")),
                            MigrateCommands::migrate),
                    new Verb(
                            "migrate-receive",
                            "for internal use only",
                            "[options]",
                            0,
                            0,
                            List.of(
                                    flag('d', "Accepted; there is nothing more to say."),
                                    flag('r', "remus", "Keep a copy of the domain."),
                                    with("silence", "MS", "With -r: as of `xl remus`."),
                                    flag(
                                            'e',
                                            "Do not wait in the background for the death of the"
                                                    + " domain."),
                                    flag('p', "Do not unpause the domain.")),
                            MigrateCommands::receive),
                    new Verb(
                            "migrate-listen",
                            "Take domains, and keep copies of domains, that come by 'xl migrate' and"
                                    + " 'xl remus <Domain> tls://<host>'",
                            "[options]",
                            0,
                            0,
                            List.of(
                                    with(
                                            "address",
                                            "ADDRESS",
                                            "Listen at this address alone. Ours."),
                                    with(
                                            "port",
                                            "PORT",
                                            "Listen at this port; 8002 unless set. Ours."),
                                    TLS,
                                    with("silence", "MS", "Of copies: as of `xl remus`. Ours."),
                                    flag('p', "Do not unpause domains.")),
                            MigrateCommands::listen));

    private MigrateVerbs() {}
}
