package org.xenolith.xl;

import java.util.Optional;

/// One option of a verb: a letter, a long name or both; `value` names its argument, if it has one.
record Option(Optional<Character> letter, String longName, Optional<String> value, String help) {

    static Option flag(char letter, String longName, String help) {
        return new Option(Optional.of(letter), longName, Optional.empty(), help);
    }

    static Option flag(char letter, String help) {
        return flag(letter, "", help);
    }

    static Option flag(String longName, String help) {
        return new Option(Optional.empty(), longName, Optional.empty(), help);
    }

    static Option with(char letter, String longName, String value, String help) {
        return new Option(Optional.of(letter), longName, Optional.of(value), help);
    }

    static Option with(String longName, String value, String help) {
        return new Option(Optional.empty(), longName, Optional.of(value), help);
    }

    /// By what [Arguments] knows it.
    String key() {
        return longName.isEmpty() ? letter.orElseThrow().toString() : longName;
    }

    /// `-f FILE, --defconfig=FILE`
    String spelling() {
        var spelling = new StringBuilder();
        letter.ifPresent(c -> spelling.append('-').append(c));
        if (letter.isPresent() && value.isPresent()) {
            spelling.append(' ').append(value.get());
        }
        if (!longName.isEmpty()) {
            spelling.append(letter.isPresent() ? ", --" : "--").append(longName);
            value.ifPresent(name -> spelling.append('=').append(name));
        }
        return spelling.toString();
    }
}
