package org.xenolith.xtf;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/// One configuration file of the framework, `tests/NAME/test-ENVIRONMENT-NAME[~VARIATION].cfg`, and
/// the microkernel beside it.
public record XtfTest(
        String name, String environment, Optional<String> variation, Path config, Path kernel) {
    private static final Pattern FILE = Pattern.compile("test-([a-z0-9]+)-([^~]+)(?:~(.+))?\\.cfg");

    /// The test of a configuration file; empty if it is none of an HVM environment.
    static Optional<XtfTest> of(Path config) {
        var matcher = FILE.matcher(config.getFileName().toString());
        if (!matcher.matches() || !matcher.group(1).startsWith("hvm")) {
            return Optional.empty();
        }
        var kernel = "test-" + matcher.group(1) + "-" + matcher.group(2);
        return Optional.of(
                new XtfTest(
                        matcher.group(2),
                        matcher.group(1),
                        Optional.ofNullable(matcher.group(3)),
                        config,
                        config.resolveSibling(kernel)));
    }

    /// The framework's name of this instance.
    public String instance() {
        return "test-" + environment + "-" + title();
    }

    /// Name and variation.
    public String title() {
        return name + variation.map(text -> "~" + text).orElse("");
    }
}
