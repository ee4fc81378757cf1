package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenolith.x86.Row.row;

import org.junit.jupiter.api.Test;
import org.xenolith.base.Bug;

/// Rows are found by their opcodes, and a table of rows that leave something open is not made.
class TableTest {
    private static final Row.Meaning NOTHING = (_, _) -> {};

    private static Row named(String name, String encoding) {
        return row(name, encoding, NOTHING);
    }

    @Test
    void theRowThatSaysMoreComesFirst() {
        var general = named("any", "0F 90 /r");
        var digit = named("digit", "0F 90 /2");
        var prefixed = named("prefixed", "66 0F 90 /2");
        var table = Table.of(general, prefixed, digit);

        assertThat(table.at(1, 0x90)).containsExactly(prefixed, digit, general);
        assertThat(table.at(0, 0x90)).isEmpty();
        assertThat(table.at(1, 0x91)).isEmpty();
        assertThat(table.rows()).containsExactly(general, prefixed, digit);
    }

    @Test
    void aRegisterInTheOpcodeIsEightOpcodes() {
        var push = named("push", "50+r");
        var table = Table.merge(Table.of(push), Table.of(named("other", "58")));

        for (int opcode = 0x50; opcode < 0x58; opcode++) {
            assertThat(table.at(0, opcode)).containsExactly(push);
        }
        assertThat(table.at(0, 0x4F)).isEmpty();
        assertThat(table.at(0, 0x58)).hasSize(1);
    }

    @Test
    void rowsThatSayAsMuchOfTheSameBytesAreRefused() {
        var one = Table.of(named("one", "0F 90 /2"));
        var other = Table.of(named("other", "0F 90 /2"));
        assertThatThrownBy(() -> Table.merge(one, other))
                .isInstanceOf(Bug.class)
                .hasMessageContaining("overlap")
                .hasMessageContaining("one")
                .hasMessageContaining("other");
        assertThat(
                        Table.of(named("narrow", "60").not64(), named("wide", "60").only64())
                                .at(0, 0x60))
                .hasSize(2);
    }
}
