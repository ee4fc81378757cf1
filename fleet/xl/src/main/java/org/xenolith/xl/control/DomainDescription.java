package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.base.Sizes;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainState;
import org.xenolith.board.ShutdownAction;
import org.xenolith.board.VcpuInfo;
import org.xenolith.mirror.protocol.MirrorStatus;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A domain as the commands show it; what the call `info` carries.
///
/// `config` is the configuration in the form of libxl's JSON.
public record DomainDescription(
        int id,
        String name,
        String uuid,
        DomainState state,
        long memoryKib,
        long memoryKibMax,
        List<VcpuInfo> vcpus,
        ObjectNode config,
        Optional<MirrorStatus> mirror) {

    /// @param mirror how the domain's mirror is doing, if it has one
    static DomainDescription of(Domain domain, Optional<MirrorStatus> mirror) {
        var config = domain.config();
        var memory = domain.balloon().info();
        return new DomainDescription(
                domain.id().value(),
                config.name(),
                config.uuid().toString(),
                domain.state(),
                memory.current() / Sizes.KIB,
                memory.max() / Sizes.KIB,
                domain.vcpus(),
                toJson(config),
                mirror);
    }

    /// To the nearest MiB: a guest gives a few pages back when it maps those that Xen lends it.
    public long memoryMib() {
        return (memoryKib + Sizes.KIB / 2) / Sizes.KIB;
    }

    /// Seconds that the domain's vCPUs have run.
    public double runSeconds() {
        return vcpus.stream().mapToLong(VcpuInfo::runNanos).sum() / 1e9;
    }

    public long vcpusOnline() {
        return vcpus.stream().filter(VcpuInfo::online).count();
    }

    ObjectNode toJson() {
        var json =
                Json.object()
                        .put("domid", id)
                        .put("name", name)
                        .put("uuid", uuid)
                        .put("state", state.name())
                        .put("memory", memoryKib)
                        .put("maxmem", memoryKibMax);
        var list = json.putArray("vcpus");
        for (var vcpu : vcpus) {
            var object =
                    list.addObject()
                            .put("id", vcpu.id())
                            .put("online", vcpu.online())
                            .put("running", vcpu.running())
                            .put("blocked", vcpu.blocked())
                            .put("nanos", vcpu.runNanos())
                            .put("instructions", vcpu.instructions());
            AffinityJson.put(object, vcpu.affinity());
        }
        json.set("config", config);
        mirror.ifPresent(status -> json.set("mirror", MirrorJson.of(status)));
        return json;
    }

    /// @throws IllegalArgumentException if `json` is no description
    static DomainDescription fromJson(ObjectNode json) {
        var vcpus = new ArrayList<VcpuInfo>();
        for (var vcpu : json.path("vcpus")) {
            vcpus.add(
                    new VcpuInfo(
                            vcpu.path("id").asInt(),
                            vcpu.path("online").asBoolean(),
                            vcpu.path("running").asBoolean(),
                            vcpu.path("blocked").asBoolean(),
                            vcpu.path("nanos").asLong(),
                            vcpu.path("instructions").asLong(),
                            AffinityJson.parse(vcpu)));
        }
        return new DomainDescription(
                json.path("domid").asInt(),
                json.path("name").asText(),
                json.path("uuid").asText(),
                DomainState.valueOf(json.path("state").asText()),
                json.path("memory").asLong(),
                json.path("maxmem").asLong(),
                vcpus,
                json.path("config") instanceof ObjectNode config ? config : Json.object(),
                json.has("mirror")
                        ? Optional.of(MirrorJson.parse(json.path("mirror")))
                        : Optional.empty());
    }

    /// A `libxl_domain_config` as libxl writes it (tools/libs/light/libxl_types.idl): numbers of
    /// KiB, enumerations in lower case, defaults left out where they say nothing.
    public static ObjectNode toJson(DomainConfig config) {
        var json = Json.object();
        var type = config.type().name().toLowerCase(Locale.ROOT);
        json.putObject("c_info")
                .put("type", type)
                .put("name", config.name())
                .put("uuid", config.uuid().toString());
        var build = json.putObject("b_info").put("max_vcpus", config.maxVcpus());
        var available = build.putArray("avail_vcpus");
        for (int id = 0; id < config.vcpus(); id++) {
            available.add(id);
        }
        build.put("max_memkb", config.maxMemoryBytes() / Sizes.KIB)
                .put("target_memkb", config.memoryBytes() / Sizes.KIB)
                .put("event_channels", config.limits().eventChannelsMax())
                .put("max_grant_frames", config.limits().grantFramesMax())
                .put("max_maptrack_frames", config.limits().maptrackFramesMax())
                .put("max_grant_version", config.limits().grantVersionMax());
        if (!config.kernel().isEmpty()) {
            build.put("kernel", config.kernel());
        }
        if (config.bootloader().isPresent()) {
            build.put("bootloader", "pygrub");
            var words = build.putArray("bootloader_args");
            config.bootloader().get().words().forEach(words::add);
        }
        config.ramdisk().ifPresent(path -> build.put("ramdisk", path));
        if (!config.commandLine().isEmpty()) {
            build.put("cmdline", config.commandLine());
        }
        build.putObject("type." + type);
        if (!config.disks().isEmpty()) {
            var disks = json.putArray("disks");
            config.disks().forEach(disk -> disks.add(DiskJson.of(disk)));
        }
        if (!config.vifs().isEmpty()) {
            var nics = json.putArray("nics");
            config.vifs().forEach(vif -> nics.add(VifJson.of(vif)));
        }
        var actions = config.actions();
        return json.put("on_poweroff", word(actions.onPoweroff()))
                .put("on_reboot", word(actions.onReboot()))
                .put("on_watchdog", word(actions.onWatchdog()))
                .put("on_crash", word(actions.onCrash()))
                .put("on_soft_reset", word(actions.onSoftReset()));
    }

    /// libxl's enumerations have underscores where xl.cfg has dashes.
    private static String word(ShutdownAction action) {
        return action.word().replace('-', '_');
    }
}
