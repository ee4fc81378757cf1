package org.xenolith.xl.config;

/// One assignment; `place` is where it stands, `added` whether it was made by `+=`.
record Setting(String key, ConfigValue value, Place place, boolean added) {}
