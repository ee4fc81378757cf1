package org.xenolith.pv.network;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// An Ethernet address of one interface.
///
/// @param bits the six bytes as a number, the first byte highest; not a multicast address
public record MacAddress(long bits) {
    private static final Pattern TEXT = Pattern.compile("[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2}){5}");
    private static final int BYTES = 6;
    private static final long MULTICAST = 1L << 40;

    /// Xen's own range, 00:16:3e.
    private static final long XEN = 0x0016_3E00_0000L;

    private static final int XEN_BITS = 0x7F_FFFF;

    public MacAddress {
        if (bits >>> 48 != 0 || (bits & MULTICAST) != 0) {
            throw new IllegalArgumentException("%012x is no address".formatted(bits));
        }
    }

    /// An address in the range that is Xen's, with the low 23 bits of `number`: the highest bit of
    /// the range stays clear, as in those that Xen's tools make.
    public static MacAddress xen(int number) {
        return new MacAddress(XEN | number & XEN_BITS);
    }

    /// Reads six hexadecimal numbers with colons between them. Empty if `text` is something else,
    /// or a multicast address.
    public static Optional<MacAddress> parse(String text) {
        if (!TEXT.matcher(text).matches()) {
            return Optional.empty();
        }
        long bits = 0;
        for (var part : text.split(":")) {
            bits = bits << 8 | Integer.parseInt(part, 16);
        }
        return (bits & MULTICAST) == 0 ? Optional.of(new MacAddress(bits)) : Optional.empty();
    }

    /// As frames have it.
    byte[] bytes() {
        return Arrays.copyOfRange(ByteBuffer.allocate(Long.BYTES).putLong(bits).array(), 2, 8);
    }

    /// As xenstore has it: `00:16:3e:01:02:03`.
    @Override
    public String toString() {
        return IntStream.range(0, BYTES)
                .mapToObj(i ->
                        String.format(Locale.ROOT, "%02x", bits >>> 8 * (BYTES - 1 - i) & 0xFF))
                .collect(Collectors.joining(":"));
    }
}
