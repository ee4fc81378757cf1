package org.xenolith.xtf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

class XtfTreeTest {
    @TempDir Path tree;

    @BeforeEach
    void buildTree() throws IOException {
        put("example", "test-hvm64-example.cfg");
        put("example", "test-pv64-example.cfg");
        put("xsa-122", "test-hvm32pae-xsa-122.cfg");
        put("invlpg", "test-hvm32-invlpg~hap.cfg");
    }

    private void put(String test, String file) throws IOException {
        var directory = Files.createDirectories(tree.resolve("tests").resolve(test));
        Files.createFile(directory.resolve(file));
    }

    @Test
    void onlyHvmTestsAreFound() throws IOException {
        assertThat(XtfTree.tests(tree, List.of()))
                .extracting(XtfTest::instance)
                .containsExactly(
                        "test-hvm64-example", "test-hvm32-invlpg~hap", "test-hvm32pae-xsa-122");
    }

    @Test
    void variationsOfATestShareItsKernel() throws IOException {
        var test = XtfTree.tests(tree, List.of("invlpg")).getFirst();

        assertThat(test.variation()).isEqualTo(Optional.of("hap"));
        assertThat(test.kernel()).hasFileName("test-hvm32-invlpg");
    }

    @Test
    void aDirectoryThatIsNoTreeIsRefusedByName() {
        assertThatThrownBy(() -> XtfTree.tests(tree.resolve("tests"), List.of()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("tests");
    }
}
