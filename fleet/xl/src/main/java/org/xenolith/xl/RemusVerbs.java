package org.xenolith.xl;

import static org.xenolith.xl.Option.flag;
import static org.xenolith.xl.Option.with;

import org.xenolith.mirror.protocol.MirrorOptions;

import java.util.List;

/// The commands of `xl` that keep copies of domains on other hosts, one row each.
final class RemusVerbs {
    static final List<Verb> ROWS =
            List.of(
                    new Verb(
                            "remus",
                            "Enable Remus HA for domain",
                            "[options] <Domain> [<host>|tls://<host>[:<port>]]",
                            0,
                            2,
                            List.of(
                                    with(
                                            'i',
                                            "",
                                            "MS",
                                            "Checkpoint domain memory every MS milliseconds (def."
                                                    + " 25ms)."),
                                    flag(
                                            'u',
                                            "Accepted: whether pages are packed is chosen by what"
                                                    + " it costs."),
                                    with(
                                            's',
                                            "",
                                            "<sshcommand>",
                                            "Use <sshcommand> instead of ssh.  String will be"
                                                    + " passed to sh. If empty, run <host> instead of"
                                                    + " ssh <host> xl migrate-receive -r."),
                                    MigrateVerbs.TLS,
                                    flag(
                                            'e',
                                            "Do not wait in the background (on <host>) for the"
                                                    + " death of the domain."),
                                    flag('F', "Enable unsafe configurations; there are none."),
                                    flag('b', "Of Xen's; refused, since nothing would be kept."),
                                    flag(
                                            'n',
                                            "Of Xen's; refused: output that is not held is seen"
                                                    + " and may be undone."),
                                    flag(
                                            'd',
                                            "Of Xen's; refused: a disk that is not kept is another"
                                                    + " than the guest knows."),
                                    with(
                                            'C',
                                            "",
                                            "<config>",
                                            "Send <config> instead of config file from creation."
                                                    + " Ours."),
                                    with(
                                            "arbiter",
                                            "URL",
                                            "Who decides when the hosts lose each other: http://HOST:PORT"
                                                    + " of etcd or of `xl witness`; several with"
                                                    + " commas. Ours."),
                                    with(
                                            "silence",
                                            "MS",
                                            "A host that says nothing for so long is lost; %d unless"
                                                            .formatted(
                                                                    MirrorOptions.DEFAULT
                                                                            .silenceMillis())
                                                    + " set. Ours."),
                                    flag(
                                            "keep",
                                            "Whenever protection ends or cannot begin, try again,"
                                                    + " until the domain is gone or --stop. Ours."),
                                    flag(
                                            "status",
                                            "Show how the copies of all domains, or of one, are"
                                                    + " doing. Ours."),
                                    flag(
                                            "stop",
                                            "The domain is not to be protected any more. Ours.")),
                            RemusCommands::remus));

    private RemusVerbs() {}
}
