package org.xenolith.conformance;

/// What the host's processor has, as its CPUID says. `baseAddressInstructions`: user programs may
/// write FS and GS bases. `lowData`: [Arena#LOW_DATA] is mapped. `code16`: 16-bit code segments can
/// be made.
public record HostFeatures(
        String vendor,
        int signature,
        boolean baseAddressInstructions,
        boolean lowData,
        boolean code16,
        int leaf1Ecx,
        int leaf1Edx,
        int leaf7Ebx,
        int extendedEcx,
        int extendedEdx) {
    /// Whether a feature is there, by its name in Linux's `/proc/cpuinfo` or the SDM.
    public boolean has(String feature) {
        int bit =
                switch (feature) {
                    case "sse3" -> 0;
                    case "pclmulqdq" -> 1;
                    case "ssse3" -> 9;
                    case "cx16" -> 13;
                    case "sse4.1" -> 19;
                    case "sse4.2" -> 20;
                    case "movbe" -> 22;
                    case "popcnt" -> 23;
                    case "aes" -> 25;
                    default -> throw new IllegalArgumentException("unknown feature " + feature);
                };
        return (leaf1Ecx >>> bit & 1) != 0;
    }

    public boolean isIntel() {
        return vendor.equals("GenuineIntel");
    }
}
