package org.xenolith.conformance;

import org.xenolith.state.Bytes;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// One encoding of one instruction; a part of a line of `instruction-forms.txt`, which explains the
/// notation.
///
/// `mandatoryPrefix` is 0x66, 0xF2, 0xF3 or 0; `plain` forbids these as extra prefixes. `digit` is
/// -1 for `/r`.
record InstructionForm(
        String name,
        String encoding,
        Set<String> attributes,
        int mandatoryPrefix,
        boolean secondPrefix,
        boolean plain,
        boolean rexW,
        Bytes opcode,
        boolean opcodeRegister,
        boolean modrm,
        int digit,
        boolean memoryAllowed,
        boolean registerAllowed,
        List<Immediate> immediates) {
    /// What follows opcode, ModRM and displacement. `Z`: 16 or 32 bits by operand size; `V`: up to
    /// 64.
    enum Immediate {
        IB,
        IW,
        ID,
        IZ,
        IV,
        CB,
        CZ,
        MOFFS,
        PTR
    }

    String title() {
        return name + " " + encoding;
    }

    boolean is(String attribute) {
        return attributes.contains(attribute);
    }

    boolean lockable() {
        return is("lock");
    }

    /// XCHG with memory locks by itself.
    boolean locksImplicitly() {
        return name.equals("XCHG") && modrm;
    }

    /// The argument of attribute `U:`, empty if all flags are defined.
    String undefined() {
        return argument("U:").orElse("");
    }

    /// The feature that the host must have.
    Optional<String> feature() {
        return argument("+");
    }

    /// The arguments of attributes `amd:`.
    Set<Freedom> freedoms() {
        return attributes.stream()
                .filter(a -> a.startsWith("amd:"))
                .map(a ->
                        Freedom.valueOf(a.substring(4).replace('-', '_').toUpperCase(Locale.ROOT)))
                .collect(Collectors.toSet());
    }

    private Optional<String> argument(String prefix) {
        return attributes.stream()
                .filter(a -> a.startsWith(prefix))
                .map(a -> a.substring(prefix.length()))
                .findFirst();
    }

    /// All forms.
    static List<InstructionForm> all() {
        var forms = new ArrayList<InstructionForm>();
        try (var reader =
                new BufferedReader(
                        new InputStreamReader(
                                InstructionForm.class.getResourceAsStream("instruction-forms.txt"),
                                StandardCharsets.UTF_8))) {
            reader.lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .forEach(line -> forms.addAll(parseLine(line)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return forms;
    }

    static List<InstructionForm> parseLine(String line) {
        var parts = line.split(" : ", 2);
        var head = parts[0].trim().split(" +");
        var attributes = new TreeSet<>(Arrays.asList(head).subList(1, head.length));
        return Arrays.stream(parts[1].split(","))
                .map(encoding -> parse(head[0], encoding.trim(), attributes))
                .toList();
    }

    private static InstructionForm parse(String name, String encoding, Set<String> attributes) {
        int mandatory = 0;
        boolean second = false;
        boolean plain = false;
        boolean rexW = false;
        boolean opcodeRegister = false;
        boolean modrm = false;
        int digit = -1;
        boolean memory = true;
        boolean register = true;
        var opcode = new ArrayList<Integer>();
        var immediates = new ArrayList<Immediate>();
        var tokens = encoding.split(" +");
        for (int i = 0; i < tokens.length; i++) {
            var token = tokens[i];
            boolean prefixPlace =
                    opcode.isEmpty()
                            && i + 1 < tokens.length
                            && List.of("0F", "REX.W", "F2", "66").contains(tokens[i + 1]);
            switch (token) {
                case "NP" -> plain = true;
                case "REX.W" -> rexW = true;
                case "m" -> register = false;
                case "r" -> memory = false;
                case "/r" -> modrm = true;
                case "ib", "iw", "id", "iz", "iv", "cb", "cz", "moffs", "ptr" ->
                        immediates.add(Immediate.valueOf(token.toUpperCase()));
                default -> {
                    if (token.startsWith("/")) {
                        modrm = true;
                        digit = token.charAt(1) - '0';
                    } else if (prefixPlace && List.of("66", "F2", "F3").contains(token)) {
                        second = mandatory != 0;
                        mandatory = HexFormat.fromHexDigits(token);
                        plain = true;
                    } else {
                        opcodeRegister = token.endsWith("+r");
                        opcode.add(HexFormat.fromHexDigits(token, 0, 2));
                    }
                }
            }
        }
        var bytes = new byte[opcode.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (int) opcode.get(i);
        }
        return new InstructionForm(
                name,
                encoding,
                attributes,
                mandatory,
                second,
                plain,
                rexW,
                Bytes.of(bytes),
                opcodeRegister,
                modrm,
                digit,
                memory,
                register,
                immediates);
    }
}
