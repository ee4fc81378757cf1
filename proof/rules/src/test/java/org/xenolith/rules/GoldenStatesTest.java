package org.xenolith.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;
import org.xenolith.state.stream.MappedInput;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.xl.control.SavedFile;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What earlier releases have written opens for ever: for each version of each kind of state there
/// is a golden file of its form in words (`KIND-VERSION.form`) and one of a state of a Debian guest
/// at work (`KIND-VERSION.state`).
///
/// The files of a new version are made from a file that `xl save` has written, by
/// `-Dxenolith.golden=FILE -Dtest=GoldenStatesTest`; those of a released version never change.
class GoldenStatesTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    private static List<StateCodec<?>> codecs;

    @BeforeAll
    static void findCodecs() {
        codecs =
                new ClassFileImporter()
                                .withImportOption(new ImportOption.DoNotIncludeTests())
                                .importPackages("org.xenolith")
                                .stream()
                                .flatMap(type -> type.getFields().stream())
                                .filter(field ->
                                        field.getRawType().isEquivalentTo(StateCodec.class))
                                .filter(field -> field.getModifiers().contains(JavaModifier.STATIC))
                                .<StateCodec<?>>map(GoldenStatesTest::read)
                                .toList();
    }

    private static StateCodec<?> read(JavaField field) {
        try {
            var reflected = field.reflect();
            reflected.setAccessible(true);
            return (StateCodec<?>) reflected.get(null);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    private static Path file(StateCodec<?> codec, int version, String what) {
        return GOLDEN.resolve("%s-%d.%s".formatted(codec.kind(), version, what));
    }

    @Test
    void everyKindIsFound() {
        assertThat(codecs.stream().map(StateCodec::kind))
                .doesNotHaveDuplicates()
                .contains("vcpu", "local-apic", "xen-domain", "xenstore", "machine", "board");
    }

    @Test
    void everyVersionOfEveryKindOpens() throws IOException {
        for (var codec : codecs) {
            for (int version = 1; version <= codec.version(); version++) {
                var golden = Bytes.of(Files.readAllBytes(file(codec, version, "state")));
                assertThat(codec.decode(version, golden)).isNotNull();
            }
            isWrittenAsItWas(codec);
        }
    }

    private static <S extends Record> void isWrittenAsItWas(StateCodec<S> codec)
            throws IOException {
        var golden = Bytes.of(Files.readAllBytes(file(codec, codec.version(), "state")));
        var state = codec.decode(codec.version(), golden);
        assertThat(codec.encode(state)).as(codec.toString()).isEqualTo(golden);
    }

    @Test
    void aReleasedVersionIsFrozen() throws IOException {
        for (var codec : codecs) {
            assertThat(codec.form())
                    .as("a change of a released version is a new version, see StateCodec")
                    .isEqualTo(Files.readString(file(codec, codec.version(), "form")));
        }
    }

    @Test
    void everyGoldenFileHasItsKind() throws IOException {
        var kinds = codecs.stream().map(StateCodec::kind).toList();
        try (var files = Files.list(GOLDEN)) {
            assertThat(
                            files.map(file ->
                                    file.getFileName().toString().replaceAll("-\\d+\\..*", "")))
                    .isSubsetOf(kinds);
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "xenolith.golden", matches = ".+")
    void makeGoldenFilesOfNewVersions() throws Exception {
        var states = states(Path.of(System.getProperty("xenolith.golden")));
        Files.createDirectories(GOLDEN);
        for (var codec : codecs) {
            var form = file(codec, codec.version(), "form");
            if (!Files.exists(form)) {
                Files.writeString(form, codec.form());
                var state = states.getOrDefault(codec.kind(), Bytes.EMPTY);
                Files.write(file(codec, codec.version(), "state"), state.toArray());
            }
        }
    }

    /// The first of each kind in a saved file.
    private static Map<String, Bytes> states(Path saved) throws Exception {
        var file = MemorySegment.ofArray(Files.readAllBytes(saved));
        var input = new MappedInput(file, SavedFile.read(file).streamPosition());
        var reader = new StreamReader(input);
        var states = new HashMap<String, Bytes>();
        while (true) {
            var record = reader.next();
            if (record instanceof StreamRecord.State state) {
                states.putIfAbsent(state.kind(), state.encoded());
            } else if (record instanceof StreamRecord.End) {
                return states;
            }
        }
    }
}
