package org.xenolith.xl.control;

import java.util.Arrays;
import java.util.Optional;

/// What a domain's process can be asked over its control socket.
enum Call {
    /// Answers with the domain's description.
    INFO("info"),
    PAUSE("pause"),
    UNPAUSE("unpause"),
    SHUTDOWN("shutdown"),
    REBOOT("reboot"),
    DESTROY("destroy"),
    /// Saves the domain to `file`; `after` says what becomes of it. Answers with `progress` now and
    /// then, and in the end with what is left to say.
    SAVE("save"),
    /// Moves the domain to another host, see [MigrationCalls]. Answers with `dial` and `progress`,
    /// and in the end with how it was.
    MIGRATE("migrate"),
    /// After the answer, the connection carries the octets of one to the other host.
    MIGRATE_LINK("migrate-link"),
    /// Says whether a machine that is in doubt is `there`.
    MIGRATE_SETTLE("migrate-settle"),
    /// Has another host keep a copy of the domain, see [MirrorCalls]. Answers with `dial`, with
    /// `protected`, and in the end with how it was.
    REMUS("remus"),
    /// After the answer, the connection carries the octets of the one to the other host.
    REMUS_LINK("remus-link"),
    /// Answers with how the copy is doing.
    REMUS_STATUS("remus-status"),
    /// No copy is kept any more.
    REMUS_STOP("remus-stop"),
    /// Plugs in `disk`.
    BLOCK_ATTACH("block-attach"),
    /// Unplugs `device`; with `force` the guest is not asked.
    BLOCK_DETACH("block-detach"),
    /// Answers with the domain's disks.
    BLOCK_LIST("block-list"),
    /// Makes `device` `bytes` long.
    BLOCK_RESIZE("block-resize"),
    /// Exchanges the disk in the CD-ROM drive that `disk` describes.
    CD_INSERT("cd-insert"),
    /// Plugs in the network interface that `vif` specifies, as in xl.cfg.
    NETWORK_ATTACH("network-attach"),
    /// Unplugs the network interface `devid`.
    NETWORK_DETACH("network-detach"),
    /// Answers with the domain's network interfaces.
    NETWORK_LIST("network-list"),
    /// Asks the guest for a `target` of so many KiB of memory.
    MEM_SET("mem-set"),
    /// Lets the target be up to `max` KiB.
    MEM_MAX("mem-max"),
    /// Asks the guest to use its first `count` vCPUs.
    VCPU_SET("vcpu-set"),
    /// Lets `vcpu` run on the processors of the lists `hard` and `soft`; empty for all.
    VCPU_PIN("vcpu-pin"),
    /// Presses `key`.
    SYSRQ("sysrq"),
    /// Presses the hypervisor's debug `keys`; what it says is in the log.
    DEBUG_KEYS("debug-keys"),
    /// Sets off `trigger` at `vcpu`.
    TRIGGER("trigger"),
    /// Gives the domain another `name`.
    RENAME("rename"),
    /// Replaces the configuration by `text`, from `source`, from the next boot on.
    CONFIG_UPDATE("config-update"),
    /// Writes the domain's memory and processors to `file`.
    DUMP_CORE("dump-core"),
    /// Answers with the last lines that the hypervisor has said about the domain.
    LOG("log"),
    /// Answers at once, and again with the reason when the domain is gone; with `shutdown`, when
    /// its guest has shut down.
    WAIT("wait"),
    /// After the answer, the connection carries the console's bytes in both directions.
    CONSOLE("console");

    private final String word;

    Call(String word) {
        this.word = word;
    }

    String word() {
        return word;
    }

    static Optional<Call> ofWord(String word) {
        return Arrays.stream(values()).filter(call -> call.word.equals(word)).findFirst();
    }
}
