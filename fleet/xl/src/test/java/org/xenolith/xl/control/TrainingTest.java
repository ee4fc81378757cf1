package org.xenolith.xl.control;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

class TrainingTest {
    @TempDir private Path directory;

    @Test
    @Timeout(60)
    void everythingThatIsTrainedWorks() {
        assertThatCode(() -> new Training(directory).run()).doesNotThrowAnyException();
    }
}
