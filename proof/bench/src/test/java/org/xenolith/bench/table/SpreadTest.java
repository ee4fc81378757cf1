package org.xenolith.bench.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SpreadTest {
    @Test
    void theMedianIsTheMiddleWhateverTheOrder() {
        assertThat(Spread.of(3, 1, 2)).isEqualTo(new Spread(2, 1, 3));
        assertThat(Spread.of(4, 1, 3, 2)).isEqualTo(new Spread(2.5, 1, 4));
        assertThat(Spread.of(7)).isEqualTo(new Spread(7, 7, 7));
    }

    @Test
    void theWidthIsInPartsOfTheMedian() {
        assertThat(Spread.of(9, 10, 12).width()).isEqualTo(0.3);
    }

    @Test
    void theGeometricMeanOfAFactorAndItsInverseIsOne() {
        assertThat(Spread.geometricMean(8, 1 / 8.0)).isEqualTo(1, within(1e-12));
        assertThat(Spread.geometricMean(1, 2, 4)).isEqualTo(2, within(1e-12));
        assertThat(Spread.geometricMean()).isNaN();
    }
}
