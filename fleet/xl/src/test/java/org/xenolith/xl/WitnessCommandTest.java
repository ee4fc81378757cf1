package org.xenolith.xl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.List;

class WitnessCommandTest {
    @Test
    void addressesAreOfBothKinds() throws UsageException {
        assertThat(WitnessCommand.address("127.0.0.1:2379").getPort()).isEqualTo(2379);
        assertThat(WitnessCommand.address("[::1]:80").getAddress().getAddress()).hasSize(16);
    }

    @Test
    void whatIsNoAddressIsRefused() {
        for (var wrong : List.of("", "2379", "a:", ":1", "a:70000", "::1:80", "[::1]", "a:1:2")) {
            assertThatThrownBy(() -> WitnessCommand.address(wrong))
                    .as(wrong)
                    .isInstanceOf(UsageException.class);
        }
    }
}
