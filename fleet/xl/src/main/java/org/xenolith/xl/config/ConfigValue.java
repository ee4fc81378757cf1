package org.xenolith.xl.config;

import java.util.List;

/// A value in xl.cfg. Numbers are atoms too: what they mean is the key's business.
public sealed interface ConfigValue {
    record Atom(String text) implements ConfigValue {}

    record Many(List<ConfigValue> values) implements ConfigValue {
        public Many {
            values = List.copyOf(values);
        }
    }
}
