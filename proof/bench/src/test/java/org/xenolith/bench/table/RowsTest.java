package org.xenolith.bench.table;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RowsTest {
    @Test
    void namesAreUniqueAndNoGroups() {
        assertThat(Rows.ALL).extracting(Row::name).doesNotHaveDuplicates();
        for (var group : Group.values()) {
            assertThat(Rows.named(group.word()))
                    .isNotEmpty()
                    .allSatisfy(row -> assertThat(row.group()).isEqualTo(group));
        }
        assertThat(Rows.named("nothing")).isEmpty();
    }

    @Test
    void operationsAreCounted() {
        var fault = Rows.named("fault").getFirst();
        assertThat(fault.perOperation(256_000, 10)).isEqualTo(100);
        var pipe = Rows.named("pipe").getFirst();
        assertThat(pipe.perOperation(1e6, 100)).isEqualTo(5);
    }

    @Test
    void aRowThatScalesDoesTheWorkOfAnother() {
        for (var row : Rows.named("scaling")) {
            assertThat(Rows.named(row.work())).hasSize(1);
        }
    }
}
