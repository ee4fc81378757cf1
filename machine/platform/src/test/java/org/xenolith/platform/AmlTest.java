package org.xenolith.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Arrays;
import java.util.HexFormat;

class AmlTest {
    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    /// ACPI 20.2.4: up to 63 in one byte; then four bits in the first and eight in each other.
    @ParameterizedTest
    @CsvSource({
        "10, 0f",
        "58, 3f",
        "59, 4104",
        "100, 4a06",
        "4089, 4fff",
        "4090, 810001",
        "70000, 871711"
    })
    void aPackageLengthCountsItself(int bodyBytes, String expected) {
        var scope = Aml.scope("AB", new byte[bodyBytes]);
        int head = 1 + expected.length() / 2 + 4;
        assertThat(hex(Arrays.copyOf(scope, head))).isEqualTo("10" + expected + "41425f5f");
        assertThat(scope.length).isEqualTo(head + bodyBytes);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 00",
        "1, 01",
        "2, 0a02",
        "255, 0aff",
        "256, 0b0001",
        "65536, 0c00000100",
        "4294967296, 0e0000000001000000"
    })
    void anIntegerHasItsShortestForm(long value, String expected) {
        assertThat(hex(Aml.integer(value))).isEqualTo(expected);
    }

    @Test
    void termsAreAsTheSpecificationHasThem() {
        assertThat(hex(Aml.name("\\_SB"))).isEqualTo("5c5f53425f");
        assertThat(hex(Aml.define("_UID", Aml.integer(7)))).isEqualTo("085f5549440a07");
        assertThat(hex(Aml.string("AB"))).isEqualTo("0d414200");
        assertThat(hex(Aml.method("_STA", Aml.returns(Aml.integer(0)))))
                .isEqualTo("14085f53544100a400");
        assertThat(hex(Aml.memoryRegion("MATR", 0xFC00_0000L, 8)))
                .isEqualTo("5b804d41545200" + "0c000000fc" + "0a08");
        assertThat(hex(Aml.field("MATR", "FLG", 64, 1)))
                .isEqualTo("5b810e" + "4d415452" + "01" + "004004" + "464c475f" + "01");
    }

    @Test
    void namesThatAslDoesNotKnowAreRefused() {
        assertThatThrownBy(() -> Aml.name("TOOLONG")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Aml.name("1AB")).isInstanceOf(IllegalArgumentException.class);
    }
}
