package org.xenolith.pv.block;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

/// The encoding of docs/man/xen-vbd-interface.7.pandoc, and its examples.
class VirtualDeviceTest {
    @Test
    void namesHaveTheNumbersOfTheManual() {
        Map.ofEntries(
                        Map.entry("xvda", 202 << 8),
                        Map.entry("d0", 202 << 8),
                        Map.entry("d0p0", 202 << 8),
                        Map.entry("xvdb2", 202 << 8 | 1 << 4 | 2),
                        Map.entry("d1p2", 202 << 8 | 1 << 4 | 2),
                        Map.entry("xvdp15", 202 << 8 | 15 << 4 | 15),
                        Map.entry("xvdq", 1 << 28 | 16 << 8),
                        Map.entry("xvda16", 1 << 28 | 16),
                        Map.entry("xvdtq37", 1 << 28 | 536 << 8 | 37),
                        Map.entry("d536p37", 1 << 28 | 536 << 8 | 37),
                        Map.entry("d1048575p255", 1 << 28 | 1048575 << 8 | 255),
                        Map.entry("sdb3", 8 << 8 | 1 << 4 | 3),
                        Map.entry("sda", 8 << 8),
                        Map.entry("hda", 3 << 8),
                        Map.entry("hdb63", 3 << 8 | 1 << 6 | 63),
                        Map.entry("hdc2", 22 << 8 | 2),
                        Map.entry("hdd", 22 << 8 | 1 << 6),
                        Map.entry("51712", 51712),
                        Map.entry("0xca00", 51712),
                        Map.entry("0145000", 51712))
                .forEach((name, number) ->
                        assertThat(VirtualDevice.parse(name))
                                .as(name)
                                .contains(new VirtualDevice(name, number)));
    }

    @Test
    void whatIsNoDeviceIsNone() {
        for (var name :
                List.of(
                        "",
                        "xvd",
                        "xvda0",
                        "xvda01",
                        "xvda256",
                        "d",
                        "d1p",
                        "d01",
                        "d1048576",
                        "d1p256",
                        "hde",
                        "hda64",
                        "sdq",
                        "sda16",
                        "vda",
                        "XVDA",
                        "xvda ",
                        "xvdaaaaaa",
                        "536870912",
                        "99999999999",
                        "08",
                        "-1",
                        "0x",
                        "xvda1b",
                        "d9999999p9")) {
            assertThat(VirtualDevice.parse(name)).as(name).isEmpty();
        }
    }
}
