package org.xenolith.x86;

import org.xenolith.base.Bug;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Rows, found by opcode. Checked for overlap when made, in one pass over the rows: each process of
/// a domain waits for it.
public final class Table {
    private static final int MAPS = 4;
    private static final int OPCODES = 256;
    private static final int REGISTERS = 8;
    private static final Row[] NONE = {};

    private final List<Row> rows;

    /// Those that say more first.
    private final Row[][][] byOpcode = new Row[MAPS][OPCODES][];

    private Table(List<Row> rows) {
        this.rows = List.copyOf(rows);
        for (var map : byOpcode) {
            Arrays.fill(map, NONE);
        }
        for (var row : rows) {
            int first = row.encoding().opcode();
            int count = row.encoding().opcodeRegister() ? REGISTERS : 1;
            var map = byOpcode[row.encoding().map()];
            for (int opcode = first; opcode < first + count; opcode++) {
                map[opcode] = with(map[opcode], row);
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

    private static Row[] with(Row[] before, Row row) {
        int place = 0;
        for (var other : before) {
            if (areAmbiguous(row, other)) {
                throw new Bug("rows do not overlap: " + other + " and " + row);
            }
            place += specificity(other) >= specificity(row) ? 1 : 0;
        }
        var all = new Row[before.length + 1];
        System.arraycopy(before, 0, all, 0, place);
        all[place] = row;
        System.arraycopy(before, place, all, place + 1, before.length - place);
        return all;
    }

    private static int specificity(Row row) {
        return row.encoding().specificity();
    }

    private static boolean areAmbiguous(Row one, Row other) {
        return specificity(one) == specificity(other)
                && one.encoding().overlaps(other.encoding())
                && !(one.isOnly64() && other.isNot64())
                && !(one.isNot64() && other.isOnly64());
    }
}
