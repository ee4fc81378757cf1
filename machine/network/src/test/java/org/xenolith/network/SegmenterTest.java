package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.network.Frame.Checksum;
import org.xenolith.network.Frame.Segmentation;
import org.xenolith.testkit.Fuzz;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/// What is left undone is done as the Linux kernel does it, byte for byte.
class SegmenterTest {
    /// What the kernel has made of a frame; see kernel-segments.py.
    private record Case(String name, int size, byte[] whole, List<byte[]> pieces) {}

    private static List<Case> cases() throws IOException {
        var cases = new ArrayList<Case>();
        try (var in = SegmenterTest.class.getResourceAsStream("kernel-segments.txt")) {
            var lines = new String(in.readAllBytes(), StandardCharsets.US_ASCII).lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                if (!lines.get(i).startsWith("case ")) {
                    continue;
                }
                var pieces =
                        lines.stream()
                                .skip(i + 3)
                                .takeWhile(line -> line.startsWith("piece "))
                                .map(SegmenterTest::bytes)
                                .toList();
                cases.add(
                        new Case(
                                lines.get(i).substring(5),
                                Integer.parseInt(lines.get(i + 1).substring(5)),
                                bytes(lines.get(i + 2)),
                                pieces));
            }
        }
        return cases;
    }

    private static byte[] bytes(String line) {
        return HexFormat.of().parseHex(line.substring(line.indexOf(' ') + 1));
    }

    private static Frame frame(byte[] bytes, int size) {
        var packet = Packet.of(bytes, bytes.length).orElseThrow();
        var kind = packet.version() == 4 ? Segmentation.Kind.TCP_IPV4 : Segmentation.Kind.TCP_IPV6;
        return new Frame(
                bytes,
                bytes.length,
                packet.partialChecksum(),
                size == 0 ? Segmentation.NONE : new Segmentation(kind, size));
    }

    private static List<byte[]> pieces(Frame frame) {
        var segmenter = Segmenter.cut(frame).orElseThrow();
        var pieces = new ArrayList<byte[]>();
        int count = segmenter.count();
        int longest = segmenter.pieceBytes();
        while (segmenter.hasNext()) {
            var piece = segmenter.next();
            assertThat(piece.length()).isLessThanOrEqualTo(longest);
            assertThat(piece.checksum()).isEqualTo(Checksum.VALID);
            pieces.add(Arrays.copyOf(piece.bytes(), piece.length()));
        }
        assertThat(pieces).hasSize(count);
        return pieces;
    }

    @Test
    void longSegmentsAreCutAsTheKernelCutsThem() throws IOException {
        var cut = cases().stream().filter(known -> known.size > 0).toList();
        assertThat(cut).hasSize(5);
        for (var known : cut) {
            assertThat(
                            pieces(frame(known.whole, known.size)).stream()
                                    .map(HexFormat.of()::formatHex))
                    .as(known.name)
                    .containsExactlyElementsOf(
                            known.pieces.stream().map(HexFormat.of()::formatHex).toList());
        }
    }

    @Test
    void checksumsAreFinishedAsTheKernelFinishesThem() throws IOException {
        var unfinished = cases().stream().filter(known -> known.size == 0).toList();
        assertThat(unfinished).hasSize(2);
        for (var known : unfinished) {
            var before = known.whole.clone();
            var finished = Segmenter.finishChecksum(frame(known.whole, 0)).orElseThrow();
            assertThat(finished.bytes()).as(known.name).isEqualTo(known.pieces.getFirst());
            assertThat(known.whole).as("others may see these bytes").isEqualTo(before);
            var inPlace = Segmenter.finishChecksumInPlace(frame(known.whole, 0)).orElseThrow();
            assertThat(inPlace.bytes()).isSameAs(known.whole).isEqualTo(finished.bytes());
        }
    }

    @Test
    void thePseudoHeaderIsWhatTheKernelPutsThere() throws IOException {
        for (var known : cases()) {
            var bytes = known.whole.clone();
            var packet = Packet.of(bytes, bytes.length).orElseThrow();
            int place = packet.transport() + packet.partialChecksum().offset();
            InternetChecksum.put(bytes, place, 0xDEAD);
            packet.putPseudoHeader(bytes);
            assertThat(bytes).as(known.name).isEqualTo(known.whole);
        }
    }

    @Test
    void everySizeOfPiecesGivesTheWholePayload() throws IOException {
        var known = cases().getFirst();
        var packet = Packet.of(known.whole, known.whole.length).orElseThrow();
        var payload = Arrays.copyOfRange(known.whole, packet.payload(), known.whole.length);
        for (int size : new int[] {1, 7, 536, 4999, 5000, 65_535}) {
            var pieces = pieces(frame(known.whole, size));
            var together = new byte[payload.length];
            int at = 0;
            for (var piece : pieces) {
                int part = piece.length - packet.payload();
                System.arraycopy(piece, packet.payload(), together, at, part);
                at += part;
                assertThat(isRight(piece)).as("size %d", size).isTrue();
            }
            assertThat(together).isEqualTo(payload);
        }
    }

    /// Whether IP's and the transport's checksums are right, by way of sums over single words.
    private static boolean isRight(byte[] bytes) {
        var packet = Packet.of(bytes, bytes.length).orElseThrow();
        int header = (bytes[packet.network()] & 0xF) * 4;
        long pseudo = packet.protocol() + bytes.length - packet.transport();
        pseudo += words(bytes, packet.network() + 12, packet.network() + 20);
        return fold(words(bytes, packet.network(), packet.network() + header)) == 0xFFFF
                && fold(pseudo + words(bytes, packet.transport(), bytes.length)) == 0xFFFF;
    }

    private static long words(byte[] bytes, int from, int to) {
        long sum = 0;
        for (int at = from; at < to; at++) {
            sum += (at - from) % 2 == 0 ? (bytes[at] & 0xFF) << 8 : bytes[at] & 0xFF;
        }
        return sum;
    }

    private static long fold(long sum) {
        return sum > 0xFFFF ? fold((sum >>> 16) + (sum & 0xFFFF)) : sum;
    }

    /// RFC 1071, section 3.
    @Test
    void theExampleOfTheStandardHasItsSum() {
        var bytes = HexFormat.of().parseHex("0001f203f4f5f6f7");
        assertThat(InternetChecksum.fold(InternetChecksum.sum(bytes, 0, 8))).isEqualTo(0xDDF2);
        assertThat(InternetChecksum.of(InternetChecksum.sum(bytes, 0, 8))).isEqualTo(0x220D);
    }

    @Test
    void sumsAreThoseOfSingleWords() {
        var random = new SplittableRandom(1);
        for (int round = 0; round < 2_000; round++) {
            var bytes = new byte[random.nextInt(100)];
            random.nextBytes(bytes);
            int from = random.nextInt(bytes.length + 1);
            assertThat(InternetChecksum.fold(InternetChecksum.sum(bytes, from, bytes.length)))
                    .isEqualTo((int) fold(words(bytes, from, bytes.length)));
        }
    }

    @Test
    void aFrameWhoseHeadersAreNotWhatItSaysIsNotCut() throws IOException {
        var known = cases().getFirst();
        var partial = new Checksum.Partial(34, 16);
        var other = new Segmentation(Segmentation.Kind.TCP_IPV6, 1000);
        assertThat(Segmenter.cut(new Frame(known.whole, known.whole.length, partial, other)))
                .isEmpty();
        var short0 =
                new Frame(
                        known.whole,
                        53,
                        partial,
                        new Segmentation(Segmentation.Kind.TCP_IPV4, 1000));
        assertThat(Segmenter.cut(short0)).isEmpty();
    }

    @Test
    void aChecksumBeyondTheFrameIsRefused() {
        for (var partial :
                List.of(
                        new Checksum.Partial(60, 3),
                        new Checksum.Partial(-1, 2),
                        new Checksum.Partial(Integer.MAX_VALUE, 6),
                        new Checksum.Partial(14, Integer.MAX_VALUE))) {
            var frame = new Frame(new byte[64], 64, partial, Segmentation.NONE);
            assertThat(Segmenter.finishChecksum(frame)).as("%s", partial).isEmpty();
        }
    }

    @Test
    void damagedFramesAreCutOrRefused() throws IOException {
        var cases = cases();
        var fuzz = new Fuzz(31, 20_000);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var bytes = cases.get(random.nextInt(cases.size())).whole.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[12 + random.nextInt(70)] = (byte) random.nextInt();
            }
            int length = random.nextInt(Frame.HEADER_BYTES, bytes.length + 1);
            var kinds = Segmentation.Kind.values();
            var segmentation =
                    new Segmentation(kinds[1 + random.nextInt(2)], 1 + random.nextInt(0xFFFF));
            var frame = new Frame(bytes, length, new Checksum.Partial(0, 0), segmentation);
            long sum = 0;
            var segmenter = Segmenter.cut(frame);
            while (segmenter.isPresent() && segmenter.get().hasNext()) {
                sum += segmenter.get().next().length();
            }
            assertThat(sum).as(fuzz.toString()).isLessThan(100L * bytes.length);
        }
    }
}
