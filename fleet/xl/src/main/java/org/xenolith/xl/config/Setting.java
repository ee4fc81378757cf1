package org.xenolith.xl.config;

/// One assignment; `line` is where it stands, `added` whether it was made by `+=`.
record Setting(String key, ConfigValue value, int line, boolean added) {}
