package org.xenolith.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.base.Sizes;
import org.xenolith.migration.pages.CopiedPages;
import org.xenolith.migration.pages.PageSink;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

class CopiedPagesTest {
    /// What it is given, in words.
    private static final class Words implements PageSink {
        private final List<String> words = new ArrayList<>();

        @Override
        public void content(long gfn, MemorySegment content, boolean again) {
            assertThat(content.byteSize()).isEqualTo(Sizes.PAGE_BYTES);
            words.add("%d=%d".formatted(gfn, content.get(ValueLayout.JAVA_BYTE, 4095)));
        }

        @Override
        public void allocated(long gfn) {
            words.add(gfn + " zeros");
        }

        @Override
        public void hole(long gfn) {
            words.add(gfn + " hole");
        }

        @Override
        public void flush() {
            words.add("flush");
        }
    }

    private static MemorySegment page(int value) {
        return MemorySegment.ofArray(new byte[Sizes.PAGE_BYTES]).fill((byte) value);
    }

    private static List<String> sent(CopiedPages pages) throws IOException {
        var sink = new Words();
        pages.send(sink);
        return sink.words;
    }

    @Test
    void pagesGoInTheirOrderAsTheyWereWhenTheyWereCopied() throws Exception {
        try (var pages = new CopiedPages()) {
            var source = page(1);
            pages.content(7, source, true);
            source.fill((byte) 2);
            pages.hole(3);
            pages.content(5, source, false);
            pages.allocated(4);
            source.fill((byte) 3);
            assertThat(pages.withContent()).isEqualTo(2);
            assertThat(sent(pages)).containsExactly("7=1", "3 hole", "5=2", "4 zeros", "flush");
            pages.clear();
            assertThat(sent(pages)).containsExactly("flush");
        }
    }

    @Test
    void morePagesThanWereExpectedAreCopiedToo() throws Exception {
        try (var pages = new CopiedPages()) {
            pages.prepare(2000);
            for (int i = 0; i < 5000; i++) {
                pages.content(i, page(i % 100), true);
            }
            assertThat(sent(pages)).hasSize(5001).contains("4999=99", "1234=34");
        }
    }

    @Test
    void anEpochHasAtMostSoManyPages() throws Exception {
        try (var pages = new CopiedPages(300)) {
            pages.prepare(1000);
            var content = page(1);
            for (int i = 0; i < 300; i++) {
                pages.content(i, content, true);
            }
            assertThatThrownBy(() -> pages.content(0, content, true))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("more than 300 pages");
            pages.hole(1); // has no content
            assertThat(pages.withContent()).isEqualTo(300);
        }
    }
}
