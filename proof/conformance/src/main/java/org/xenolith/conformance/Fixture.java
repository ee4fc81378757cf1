package org.xenolith.conformance;

import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// A case and the outcome that the host's processor gave, as a text file that people can read: one
/// `name value` a line, numbers in hexadecimal; the outcome's names begin with `=`. Lines that are
/// missing are zero, and an FXSAVE line is 16 bytes of the image.
public record Fixture(CpuCase test, CpuOutcome expected) {
    private static final HexFormat HEX = HexFormat.of();

    public String format() {
        var out = new StringBuilder();
        line(out, "form", test.form());
        line(out, "mode", test.mode().name());
        line(out, "code", HEX.formatHex(test.code().toArray()));
        line(out, "undefined-flags", Long.toHexString(test.allowance().undefinedFlags()));
        line(out, "approximate", String.valueOf(test.allowance().approximate()));
        line(out, "partial-on-fault", String.valueOf(test.allowance().partialOnFault()));
        if (!test.allowance().freedoms().isEmpty()) {
            line(
                    out,
                    "freedoms",
                    test.allowance().freedoms().stream()
                            .sorted()
                            .map(Enum::name)
                            .collect(Collectors.joining(" ")));
        }
        state(out, "", test.registers(), test.rip(), test.rflags(), test.fsBase(), test.gsBase());
        memory(out, "memory", test.memory());
        fxsave(out, "fxsave", test.fxsave());
        line(out, "=vector", Integer.toHexString(expected.vector()));
        line(out, "=error", Long.toHexString(expected.errorCode()));
        line(out, "=address", Long.toHexString(expected.address()));
        state(
                out,
                "=",
                expected.registers(),
                expected.rip(),
                expected.rflags(),
                expected.fsBase(),
                expected.gsBase());
        line(
                out,
                "=selectors",
                String.join(" ", expected.selectors().stream().map(Integer::toHexString).toList()));
        memory(out, "=memory", expected.changes());
        fxsave(out, "=fxsave", expected.fxsave());
        return out.toString();
    }

    private static void state(
            StringBuilder out,
            String mark,
            List<Long> registers,
            long rip,
            long rflags,
            long fsBase,
            long gsBase) {
        for (int i = 0; i < 16; i++) {
            if (registers.get(i) != 0) {
                line(out, mark + Comparison.registerName(i), Long.toHexString(registers.get(i)));
            }
        }
        line(out, mark + "rip", Long.toHexString(rip));
        line(out, mark + "rflags", Long.toHexString(rflags));
        line(out, mark + "fs-base", Long.toHexString(fsBase));
        line(out, mark + "gs-base", Long.toHexString(gsBase));
    }

    private static void memory(StringBuilder out, String name, List<MemoryPatch> patches) {
        for (var patch : patches) {
            line(
                    out,
                    name,
                    Integer.toHexString(patch.offset())
                            + " "
                            + HEX.formatHex(patch.content().toArray()));
        }
    }

    private static void fxsave(StringBuilder out, String name, Bytes image) {
        var bytes = image.toArray();
        for (int at = 0; at < bytes.length; at += 16) {
            var row = Arrays.copyOfRange(bytes, at, at + 16);
            if (!Arrays.equals(row, new byte[16])) {
                line(out, name, Integer.toHexString(at) + " " + HEX.formatHex(row));
            }
        }
    }

    private static void line(StringBuilder out, String name, String value) {
        out.append(name).append(' ').append(value).append('\n');
    }

    /// The inverse of [#format].
    public static Fixture parse(String text) {
        var values = new HashMap<String, List<String>>();
        for (var line : text.split("\n")) {
            int space = line.indexOf(' ');
            if (space > 0 && !line.startsWith("#")) {
                values.computeIfAbsent(line.substring(0, space), _ -> new ArrayList<>())
                        .add(line.substring(space + 1).trim());
            }
        }
        var test =
                new CpuCase(
                        values.get("form").getFirst(),
                        CodeMode.valueOf(values.get("mode").getFirst()),
                        Bytes.of(HEX.parseHex(values.get("code").getFirst())),
                        registers(values, ""),
                        number(values, "rip"),
                        number(values, "rflags"),
                        number(values, "fs-base"),
                        number(values, "gs-base"),
                        patches(values, "memory"),
                        image(values, "fxsave"),
                        new Allowance(
                                number(values, "undefined-flags"),
                                Boolean.parseBoolean(values.get("approximate").getFirst()),
                                Boolean.parseBoolean(values.get("partial-on-fault").getFirst()),
                                freedoms(values)));
        var selectors =
                Arrays.stream(values.get("=selectors").getFirst().split(" "))
                        .map(HexFormat::fromHexDigits)
                        .toList();
        var expected =
                new CpuOutcome(
                        registers(values, "="),
                        number(values, "=rip"),
                        number(values, "=rflags"),
                        number(values, "=fs-base"),
                        number(values, "=gs-base"),
                        (int) number(values, "=vector"),
                        number(values, "=error"),
                        number(values, "=address"),
                        selectors,
                        image(values, "=fxsave"),
                        patches(values, "=memory"));
        return new Fixture(test, expected);
    }

    private static long number(Map<String, List<String>> values, String name) {
        var found = values.get(name);
        return found == null ? 0 : HexFormat.fromHexDigitsToLong(found.getFirst());
    }

    private static Set<Freedom> freedoms(Map<String, List<String>> values) {
        return values.getOrDefault("freedoms", List.of()).stream()
                .flatMap(names -> Arrays.stream(names.split(" ")))
                .map(Freedom::valueOf)
                .collect(Collectors.toSet());
    }

    private static List<Long> registers(Map<String, List<String>> values, String mark) {
        var registers = new ArrayList<Long>();
        for (int i = 0; i < 16; i++) {
            registers.add(number(values, mark + Comparison.registerName(i)));
        }
        return registers;
    }

    private static List<MemoryPatch> patches(Map<String, List<String>> values, String name) {
        return values.getOrDefault(name, List.of()).stream()
                .map(value -> value.split(" "))
                .map(parts ->
                        new MemoryPatch(
                                HexFormat.fromHexDigits(parts[0]),
                                Bytes.of(HEX.parseHex(parts[1]))))
                .toList();
    }

    private static Bytes image(Map<String, List<String>> values, String name) {
        var image = new byte[CpuCase.FXSAVE_BYTES];
        for (var value : values.getOrDefault(name, List.of())) {
            var parts = value.split(" ");
            System.arraycopy(
                    HEX.parseHex(parts[1]), 0, image, HexFormat.fromHexDigits(parts[0]), 16);
        }
        return Bytes.of(image);
    }
}
