package org.xenolith.xtf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// A built tree of the framework.
final class XtfTree {
    private XtfTree() {}

    /// Its HVM tests by name and environment. `filters` keeps tests whose instance name contains
    /// one of them; all if it is empty.
    static List<XtfTest> tests(Path tree, List<String> filters) throws IOException {
        var tests = tree.resolve("tests");
        if (!Files.isDirectory(tests)) {
            throw new IOException(tree + ": no directory \"tests\"; is this a built XTF tree?");
        }
        try (var files = Files.find(tests, 2, (path, _) -> path.toString().endsWith(".cfg"))) {
            return files.map(XtfTest::of)
                    .flatMap(Optional::stream)
                    .filter(test -> isWanted(test, filters))
                    .sorted(
                            Comparator.comparing(XtfTest::title)
                                    .thenComparing(XtfTest::environment))
                    .toList();
        }
    }

    private static boolean isWanted(XtfTest test, List<String> filters) {
        return filters.isEmpty() || filters.stream().anyMatch(test.instance()::contains);
    }
}
