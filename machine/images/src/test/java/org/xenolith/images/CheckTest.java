package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

@Timeout(60)
class CheckTest {
    private static final int CLUSTER = 1 << 16;

    @TempDir private Path directory;
    private Path image;

    @BeforeEach
    void make() throws Exception {
        image = directory.resolve("disk.qcow2");
        ImageCreator.create(image, CreateOptions.of(ImageFormat.QCOW2, 1 << 20));
        try (var opened = Images.open(image, OpenOptions.writing())) {
            opened.write(0, ByteBuffer.wrap(new byte[3 * CLUSTER]));
        }
    }

    private CheckReport check(CheckReport.Repair repair) throws ImageException {
        return Images.check(image, Optional.empty(), repair);
    }

    /// The refcount block of a new image is its third cluster.
    private void setRefcount(int cluster, int count) throws Exception {
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(2L * CLUSTER + cluster * 2L);
            file.writeShort(count);
        }
    }

    private void setIncompatible(int bits) throws Exception {
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(72);
            file.writeLong(bits);
        }
    }

    @Test
    void aSoundImageIsClean() throws Exception {
        var report = check(CheckReport.Repair.NOTHING);
        assertThat(report.isClean()).isTrue();
        assertThat(report.allocatedClusters()).isEqualTo(3);
        assertThat(report.totalClusters()).isEqualTo(16);
        assertThat(report.imageEnd()).isEqualTo(Files.size(image));
    }

    @Test
    void leaksAreFoundAndMended() throws Exception {
        setRefcount(100, 1);
        setRefcount(101, 7);
        assertThat(check(CheckReport.Repair.NOTHING).leaks()).isEqualTo(2);
        assertThat(check(CheckReport.Repair.LEAKS).leaksFixed()).isEqualTo(2);
        assertThat(check(CheckReport.Repair.NOTHING).isClean()).isTrue();
    }

    @Test
    void corruptionIsFoundAndMendedOnlyWhenAsked() throws Exception {
        setRefcount(5, 0);
        assertThat(check(CheckReport.Repair.NOTHING).corruptions()).isEqualTo(1);
        assertThat(check(CheckReport.Repair.LEAKS).corruptions()).isEqualTo(1);
        assertThat(check(CheckReport.Repair.ALL).corruptionsFixed()).isEqualTo(1);
        assertThat(check(CheckReport.Repair.NOTHING).isClean()).isTrue();
        if (QemuImg.isPresent()) {
            QemuImg.assertSound(image);
        }
    }

    @Test
    void aFileWithoutCountsGetsThemAnew() throws Exception {
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(CLUSTER); // The refcount table.
            file.writeLong(0);
        }
        assertThat(check(CheckReport.Repair.NOTHING).corruptions()).isPositive();
        assertThat(check(CheckReport.Repair.ALL).corruptions()).isZero();
        assertThat(check(CheckReport.Repair.NOTHING).corruptions()).isZero();
        if (QemuImg.isPresent()) {
            QemuImg.assertNotCorrupt(image);
        }
    }

    @Test
    void aDirtyImageIsRepairedWhenItIsWritten() throws Exception {
        setRefcount(5, 0);
        setIncompatible(1);
        try (var reader = Images.open(image, OpenOptions.reading())) {
            assertThat(reader.size()).isEqualTo(1 << 20);
        }
        Images.open(image, OpenOptions.writing()).close();
        assertThat(check(CheckReport.Repair.NOTHING).isClean()).isTrue();
        var details =
                (ImageInfo.Qcow2Details) Images.info(image, Optional.empty(), false).details();
        assertThat(details.dirty()).isFalse();
    }

    @Test
    void aCorruptImageIsOnlyRead() throws Exception {
        setIncompatible(2);
        Images.open(image, OpenOptions.reading()).close();
        assertThatThrownBy(() -> Images.open(image, OpenOptions.writing()))
                .isInstanceOf(ImageException.Damaged.class)
                .hasMessageContaining("is marked corrupt");
        assertThat(check(CheckReport.Repair.ALL).corruptions()).isZero();
        Images.open(image, OpenOptions.writing()).close();
    }

    /// A guest must not be led to write the tables of its own image.
    @Test
    void aClusterThatIsATableIsNotWritten() throws Exception {
        try (var opened = (Qcow2Image) Images.open(image, OpenOptions.writing())) {
            // The data of the first cluster is said to be where the refcount table is.
            opened.store().map().set(0, CLUSTER | ClusterMap.COPIED);
            assertThatThrownBy(() -> opened.write(0, ByteBuffer.wrap(new byte[512])))
                    .isInstanceOf(ImageException.Damaged.class);
        }
        assertThatThrownBy(() -> Images.open(image, OpenOptions.writing()))
                .hasMessageContaining("is marked corrupt");
    }

    @Test
    void aVhdWithoutFooterIsReadByTheCopyAndMended() throws Exception {
        Files.delete(image);
        ImageCreator.create(image, CreateOptions.of(ImageFormat.VHD, 4 << 20));
        try (var opened = Images.open(image, OpenOptions.writing())) {
            opened.write(0, ByteBuffer.wrap(new byte[] {1}));
        }
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(file.length() - 512);
            file.write(new byte[512]);
        }
        assertThat(check(CheckReport.Repair.NOTHING).corruptions()).isEqualTo(1);
        assertThat(check(CheckReport.Repair.ALL).corruptionsFixed()).isEqualTo(1);
        assertThat(check(CheckReport.Repair.NOTHING).isClean()).isTrue();
    }

    @Test
    void aRawImageCannotBeChecked() throws Exception {
        assertThatThrownBy(() ->
                        Images.check(
                                image, Optional.of(ImageFormat.RAW), CheckReport.Repair.NOTHING))
                .isInstanceOf(ImageException.Unsupported.class);
    }
}
