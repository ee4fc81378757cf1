package org.xenolith.xl;

import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// A configuration as a command line names it: a file, and `key=value` words, which are lines of
/// configuration that follow the file's.
///
/// @param file its name
/// @param text what it says
/// @param overrides what the command line adds
record ConfigSource(String file, String text, String overrides) {

    /// `words` hold the file, unless `defconfig` names it, and the overrides.
    static ConfigSource of(List<String> words, Optional<String> defconfig)
            throws UsageException, ConfigException {
        var file = file(words, defconfig);
        var overrides =
                words.stream().filter(ConfigSource::isSetting).collect(Collectors.joining("\n"));
        return new ConfigSource(file, ConfigReader.readFile(file), overrides);
    }

    private static String file(List<String> words, Optional<String> defconfig)
            throws UsageException {
        var files = words.stream().filter(word -> !isSetting(word)).toList();
        if (files.size() > 1 || defconfig.isPresent() && !files.isEmpty()) {
            throw new UsageException("more than one configuration file");
        }
        if (defconfig.isPresent()) {
            return defconfig.get();
        }
        if (files.isEmpty()) {
            throw new UsageException("config file not specified");
        }
        return files.getFirst();
    }

    private static boolean isSetting(String word) {
        return word.contains("=");
    }

    ConfigReader.Result read() throws ConfigException {
        return ConfigReader.read(file, text, overrides);
    }

    /// File and overrides as one text.
    String whole() {
        return text + "\n" + overrides;
    }
}
