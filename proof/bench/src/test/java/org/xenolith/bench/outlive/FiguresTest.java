package org.xenolith.bench.outlive;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.bench.table.Rows;

class FiguresTest {
    @Test
    void namesAreUniqueAndOfNoOtherTable() {
        assertThat(Figures.ALL).extracting(Figure::name).doesNotHaveDuplicates();
        assertThat(Figures.ALL)
                .allSatisfy(figure -> {
                    assertThat(Rows.named(figure.name())).isEmpty();
                    assertThat(Figures.named(figure.name())).containsExactly(figure);
                });
        assertThat(Rows.named(Figures.GROUP)).isEmpty();
        assertThat(Figures.named("nothing")).isEmpty();
    }

    @Test
    void everyScenarioHasAGoal() {
        assertThat(Scenario.values())
                .allSatisfy(scenario ->
                        assertThat(Figures.ALL)
                                .anyMatch(figure ->
                                        figure.scenario() == scenario && figure.hasGoal()));
    }
}
