package org.xenolith.x86;

import org.xenolith.base.Bug;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Rows, found by opcode. Checked for overlap when made.
public final class Table {
    private static final int MAPS = 4;

    private final List<Row> rows;
    private final Row[][][] byOpcode = new Row[MAPS][256][];

    private Table(List<Row> rows) {
        this.rows = List.copyOf(rows);
        for (int map = 0; map < MAPS; map++) {
            for (int opcode = 0; opcode < 256; opcode++) {
                byOpcode[map][opcode] = candidates(map, opcode);
            }
        }
    }

    public static Table of(Row... rows) {
        return new Table(List.of(rows));
    }

    /// All rows of several tables in one.
    public static Table merge(Table... tables) {
        var all = new ArrayList<Row>();
        for (var table : tables) {
            all.addAll(table.rows);
        }
        return new Table(all);
    }

    public List<Row> rows() {
        return rows;
    }

    /// The rows with this opcode, those that say more first.
    Row[] at(int map, int opcode) {
        return byOpcode[map][opcode];
    }

    private Row[] candidates(int map, int opcode) {
        var found =
                rows.stream()
                        .filter(row -> row.encoding().map() == map)
                        .filter(row -> covers(row.encoding(), opcode))
                        .sorted(Comparator.comparingInt(row -> -row.encoding().specificity()))
                        .toArray(Row[]::new);
        for (int one = 0; one < found.length; one++) {
            for (int other = one + 1; other < found.length; other++) {
                var first = found[one];
                var second = found[other];
                boolean ambiguous =
                        first.encoding().specificity() == second.encoding().specificity()
                                && first.encoding().overlaps(second.encoding())
                                && !(first.isOnly64() && second.isNot64())
                                && !(first.isNot64() && second.isOnly64());
                Bug.check(!ambiguous, "rows do not overlap: " + first + " and " + second);
            }
        }
        return found;
    }

    private static boolean covers(Encoding encoding, int opcode) {
        return encoding.opcodeRegister()
                ? (opcode & 0xF8) == encoding.opcode()
                : opcode == encoding.opcode();
    }
}
