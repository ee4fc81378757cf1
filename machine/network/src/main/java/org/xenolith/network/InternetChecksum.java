package org.xenolith.network;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// The checksum of IP, TCP and UDP (RFC 1071): the one's complement of the one's complement sum of
/// 16-bit words in network order, an odd byte at the end counting as the upper half of a word.
///
/// Sums are kept unfolded in a `long`, so that they can be added and continued, and folded at the
/// end. **Hot path.** Every frame between unequal partners passes here.
public final class InternetChecksum {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private static final long LOW_HALF = 0xFFFF_FFFFL;

    private InternetChecksum() {}

    /// The sum of the bytes from `from` to `to`, exclusive, which begin a word. Less than 2^48 for
    /// any frame.
    public static long sum(byte[] bytes, int from, int to) {
        long sum = 0;
        int at = from;
        for (int last = to - Long.BYTES; at <= last; at += Long.BYTES) {
            long eight = (long) LONG.get(bytes, at);
            sum += (eight >>> 32) + (eight & LOW_HALF);
        }
        for (; at < to - 1; at += Short.BYTES) {
            sum += (bytes[at] & 0xFF) << 8 | bytes[at + 1] & 0xFF;
        }
        return at < to ? sum + ((bytes[at] & 0xFF) << 8) : sum;
    }

    /// The sum of the pseudo header that TCP and UDP put before theirs (RFC 9293 section 3.1, RFC
    /// 8200 section 8.1).
    ///
    /// @param addresses where the source address begins in `bytes`; the destination follows it
    /// @param addressBytes of both together
    /// @param length of the transport's header and payload
    public static long pseudoHeader(
            byte[] bytes, int addresses, int addressBytes, int protocol, int length) {
        return sum(bytes, addresses, addresses + addressBytes) + protocol + length;
    }

    /// A sum as 16 bits, not complemented.
    public static int fold(long sum) {
        long folded = (sum >>> 32) + (sum & LOW_HALF);
        while (folded >>> 16 != 0) {
            folded = (folded >>> 16) + (folded & 0xFFFF);
        }
        return (int) folded;
    }

    /// The checksum of what has this sum.
    public static int of(long sum) {
        return ~fold(sum) & 0xFFFF;
    }

    /// Puts the checksum in that a [Frame.Checksum.Partial] speaks of.
    ///
    /// @param place of the checksum, within `start` and `end`
    /// @param end where the frame ends
    static void complete(byte[] bytes, int start, int place, int end) {
        int checksum = of(sum(bytes, start, end));
        // Zero says of UDP that there is none (RFC 768), and the other zero means the same.
        put(bytes, place, checksum == 0 ? 0xFFFF : checksum);
    }

    static void put(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }
}
