package org.xenolith.xl.config;

import static org.xenolith.xl.config.ConfigKeys.Shape.ANY;
import static org.xenolith.xl.config.ConfigKeys.Shape.LIST;
import static org.xenolith.xl.config.ConfigKeys.Shape.NUMBER;
import static org.xenolith.xl.config.ConfigKeys.Shape.TEXT;
import static org.xenolith.xl.config.ConfigKeys.Support.ALWAYS_OFF;
import static org.xenolith.xl.config.ConfigKeys.Support.ALWAYS_ON;
import static org.xenolith.xl.config.ConfigKeys.Support.FULL;
import static org.xenolith.xl.config.ConfigKeys.Support.NEEDLESS;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Every key that xl.cfg.5 or xl's parser knows, and ours. One row for each key.
final class ConfigKeys {
    enum Shape {
        TEXT,
        NUMBER,
        LIST,
        /// Xen accepts more than one shape.
        ANY
    }

    enum Support {
        /// Done.
        FULL,
        /// Whatever the value, nothing changes here.
        NEEDLESS,
        /// We behave as with 1; another value gets a warning.
        ALWAYS_ON,
        /// We behave as without it; a value that is not 0 or empty gets a warning.
        ALWAYS_OFF
    }

    record Key(String name, Shape shape, Support support) {}

    private static final Map<String, Key> ROWS =
            table(
                    row("name", TEXT, FULL),
                    row("uuid", TEXT, FULL),
                    row("type", TEXT, FULL),
                    row("builder", TEXT, FULL),
                    row("kernel", TEXT, FULL),
                    row("firmware_override", TEXT, FULL),
                    row("ramdisk", TEXT, FULL),
                    row("cmdline", TEXT, FULL),
                    row("root", TEXT, FULL),
                    row("extra", TEXT, FULL),
                    row("bootloader", TEXT, FULL),
                    row("bootloader_args", ANY, FULL),
                    row("memory", NUMBER, FULL),
                    row("maxmem", NUMBER, FULL),
                    row("vcpus", NUMBER, FULL),
                    row("maxvcpus", NUMBER, FULL),
                    row("disk", LIST, FULL),
                    row("on_poweroff", TEXT, FULL),
                    row("on_reboot", TEXT, FULL),
                    row("on_crash", TEXT, FULL),
                    row("on_watchdog", TEXT, FULL),
                    row("on_soft_reset", TEXT, FULL),
                    row("max_grant_frames", NUMBER, FULL),
                    row("max_maptrack_frames", NUMBER, FULL),
                    row("max_grant_version", NUMBER, FULL),
                    row("max_event_channels", NUMBER, FULL),
                    row("engine", TEXT, FULL), // ours: auto, soft or kvm
                    row("memory_access", TEXT, FULL), // ours: checked or unchecked
                    row("deterministic", NUMBER, FULL), // ours: a seed
                    row("acpi", NUMBER, ALWAYS_ON),
                    row("apic", NUMBER, ALWAYS_ON),
                    row("nx", NUMBER, ALWAYS_ON),
                    row("pae", NUMBER, ALWAYS_ON),
                    row("hap", NUMBER, NEEDLESS),
                    row(
                            "bootloader_restrict",
                            NUMBER,
                            NEEDLESS), // ours runs nothing of the guest's
                    row("bootloader_user", TEXT, NEEDLESS),
                    row("oos", NUMBER, NEEDLESS),
                    row("shadow_memory", NUMBER, NEEDLESS),
                    row("serial", ANY, NEEDLESS), // there always is one, on `xl console -t serial`
                    row("nographic", NUMBER, NEEDLESS),
                    row("localtime", NUMBER, NEEDLESS), // there is no RTC
                    row("rtc_timeoffset", NUMBER, NEEDLESS),
                    row("tsc_mode", ANY, NEEDLESS),
                    row("timer_mode", ANY, NEEDLESS), // of the emulated HVM timers
                    row("vpt_align", NUMBER, NEEDLESS),
                    row("nomigrate", NUMBER, NEEDLESS),
                    row("xend_suspend_evtchn_compat", NUMBER, NEEDLESS),
                    row("keymap", TEXT, NEEDLESS),
                    row("vnclisten", TEXT, NEEDLESS),
                    row("vncdisplay", NUMBER, NEEDLESS),
                    row("vncunused", NUMBER, NEEDLESS),
                    row("vncpasswd", TEXT, NEEDLESS),
                    row("xauthority", TEXT, NEEDLESS),
                    row("display", TEXT, NEEDLESS),
                    row("acpi_firmware", TEXT, ALWAYS_OFF),
                    row("acpi_laptop_slate", NUMBER, ALWAYS_OFF),
                    row("acpi_s3", NUMBER, ALWAYS_OFF),
                    row("acpi_s4", NUMBER, ALWAYS_OFF),
                    row("altp2m", ANY, ALWAYS_OFF),
                    row("altp2m_count", NUMBER, ALWAYS_OFF),
                    row("altp2mhvm", NUMBER, ALWAYS_OFF),
                    row("arm_sci", TEXT, ALWAYS_OFF),
                    row("bios", TEXT, ALWAYS_OFF),
                    row("bios_path_override", TEXT, ALWAYS_OFF),
                    row("boot", TEXT, ALWAYS_OFF),
                    row("cap", NUMBER, ALWAYS_OFF),
                    row("channel", LIST, ALWAYS_OFF),
                    row("cpu_weight", NUMBER, ALWAYS_OFF),
                    row("cpuid", ANY, ALWAYS_OFF),
                    row("cpus", ANY, ALWAYS_OFF),
                    row("cpus_soft", ANY, ALWAYS_OFF),
                    row("device_model", TEXT, ALWAYS_OFF),
                    row("device_model_args", LIST, ALWAYS_OFF),
                    row("device_model_args_hvm", LIST, ALWAYS_OFF),
                    row("device_model_args_pv", LIST, ALWAYS_OFF),
                    row("device_model_override", TEXT, ALWAYS_OFF),
                    row("device_model_stubdomain_override", NUMBER, ALWAYS_OFF),
                    row("device_model_stubdomain_seclabel", TEXT, ALWAYS_OFF),
                    row("device_model_user", TEXT, ALWAYS_OFF),
                    row("device_model_version", TEXT, ALWAYS_OFF),
                    row("device_tree", TEXT, ALWAYS_OFF),
                    row("dm_restrict", NUMBER, ALWAYS_OFF),
                    row("driver_domain", NUMBER, ALWAYS_OFF),
                    row("dtdev", LIST, ALWAYS_OFF),
                    row("e820_host", NUMBER, ALWAYS_OFF),
                    row("extratime", NUMBER, ALWAYS_OFF),
                    row("firmware", TEXT, ALWAYS_OFF),
                    row("gfx_passthru", ANY, ALWAYS_OFF),
                    row("gic_version", TEXT, ALWAYS_OFF),
                    row("hdtype", TEXT, ALWAYS_OFF),
                    row("hpet", NUMBER, ALWAYS_OFF),
                    row("hvm_pirq", NUMBER, ALWAYS_OFF),
                    row("init_seclabel", TEXT, ALWAYS_OFF),
                    row("iomem", LIST, ALWAYS_OFF),
                    row("ioports", LIST, ALWAYS_OFF),
                    row("irqs", LIST, ALWAYS_OFF),
                    row("latency", NUMBER, ALWAYS_OFF),
                    row("llc_colors", LIST, ALWAYS_OFF),
                    row("mca_caps", LIST, ALWAYS_OFF),
                    row("mmio_hole", NUMBER, ALWAYS_OFF),
                    row("ms_vm_genid", TEXT, ALWAYS_OFF),
                    row("msr_relaxed", NUMBER, ALWAYS_OFF),
                    row("nestedhvm", NUMBER, ALWAYS_OFF),
                    row("nr_spis", NUMBER, ALWAYS_OFF),
                    row("opengl", NUMBER, ALWAYS_OFF),
                    row("p9", LIST, ALWAYS_OFF),
                    row("passthrough", TEXT, ALWAYS_OFF),
                    row("pci", LIST, ALWAYS_OFF),
                    row("pci_msitranslate", NUMBER, ALWAYS_OFF),
                    row("pci_permissive", NUMBER, ALWAYS_OFF),
                    row("pci_power_mgmt", NUMBER, ALWAYS_OFF),
                    row("pci_seize", NUMBER, ALWAYS_OFF),
                    row("period", NUMBER, ALWAYS_OFF),
                    row("pool", TEXT, ALWAYS_OFF),
                    row("pvcalls", LIST, ALWAYS_OFF),
                    row("pvshim", NUMBER, ALWAYS_OFF),
                    row("pvshim_cmdline", TEXT, ALWAYS_OFF),
                    row("pvshim_extra", TEXT, ALWAYS_OFF),
                    row("pvshim_path", TEXT, ALWAYS_OFF),
                    row("rdm", TEXT, ALWAYS_OFF),
                    row("rdm_mem_boundary", NUMBER, ALWAYS_OFF),
                    row("sdl", NUMBER, ALWAYS_OFF),
                    row("seclabel", TEXT, ALWAYS_OFF),
                    row("slice", NUMBER, ALWAYS_OFF),
                    row("smbios", LIST, ALWAYS_OFF),
                    row("smbios_firmware", TEXT, ALWAYS_OFF),
                    row("soundhw", TEXT, ALWAYS_OFF),
                    row("spice", NUMBER, ALWAYS_OFF),
                    row("spice_clipboard_sharing", NUMBER, ALWAYS_OFF),
                    row("spice_image_compression", TEXT, ALWAYS_OFF),
                    row("spice_streaming_video", TEXT, ALWAYS_OFF),
                    row("spiceagent_mouse", NUMBER, ALWAYS_OFF),
                    row("spicedisable_ticketing", NUMBER, ALWAYS_OFF),
                    row("spicehost", TEXT, ALWAYS_OFF),
                    row("spicepasswd", TEXT, ALWAYS_OFF),
                    row("spiceport", NUMBER, ALWAYS_OFF),
                    row("spicetls_port", NUMBER, ALWAYS_OFF),
                    row("spiceusbredirection", NUMBER, ALWAYS_OFF),
                    row("spicevdagent", NUMBER, ALWAYS_OFF),
                    row("stdvga", NUMBER, ALWAYS_OFF),
                    row("stubdomain_cmdline", TEXT, ALWAYS_OFF),
                    row("stubdomain_kernel", TEXT, ALWAYS_OFF),
                    row("stubdomain_memory", NUMBER, ALWAYS_OFF),
                    row("stubdomain_ramdisk", TEXT, ALWAYS_OFF),
                    row("sve", TEXT, ALWAYS_OFF),
                    row("tee", TEXT, ALWAYS_OFF),
                    row("trap_unmapped_accesses", NUMBER, ALWAYS_OFF),
                    row("usb", NUMBER, ALWAYS_OFF),
                    row("usbctrl", LIST, ALWAYS_OFF),
                    row("usbdev", LIST, ALWAYS_OFF),
                    row("usbdevice", ANY, ALWAYS_OFF),
                    row("usbversion", NUMBER, ALWAYS_OFF),
                    row("vdispl", LIST, ALWAYS_OFF),
                    row("vendor_device", TEXT, ALWAYS_OFF),
                    row("vfb", LIST, ALWAYS_OFF),
                    row("vga", TEXT, ALWAYS_OFF),
                    row("videoram", NUMBER, ALWAYS_OFF),
                    row("vif", LIST, FULL),
                    row("vif2", LIST, ALWAYS_OFF),
                    row("viridian", ANY, ALWAYS_OFF),
                    row("virtio", LIST, ALWAYS_OFF),
                    row("vkb", LIST, ALWAYS_OFF),
                    row("vkb_device", NUMBER, ALWAYS_OFF),
                    row("vmtrace_buf_kb", NUMBER, ALWAYS_OFF),
                    row("vnc", NUMBER, ALWAYS_OFF),
                    row("vncviewer", NUMBER, ALWAYS_OFF),
                    row("vnuma", LIST, ALWAYS_OFF),
                    row("vpmu", NUMBER, ALWAYS_OFF),
                    row("vsnd", LIST, ALWAYS_OFF),
                    row("vtpm", LIST, ALWAYS_OFF),
                    row("vuart", TEXT, ALWAYS_OFF),
                    row("xen_platform_pci", NUMBER, ALWAYS_OFF),
                    row("xen_platform_pci_bar_uc", NUMBER, ALWAYS_OFF),
                    row("xenstore_feature_mask", NUMBER, ALWAYS_OFF),
                    row("xenstore_quota", LIST, ALWAYS_OFF));

    private ConfigKeys() {}

    /// The row of `name`, or null if xl does not know it.
    static Key find(String name) {
        return ROWS.get(name);
    }

    static Iterable<Key> all() {
        return ROWS.values();
    }

    private static Key row(String name, Shape shape, Support support) {
        return new Key(name, shape, support);
    }

    private static Map<String, Key> table(Key... rows) {
        return Arrays.stream(rows).collect(Collectors.toMap(Key::name, Function.identity()));
    }
}
