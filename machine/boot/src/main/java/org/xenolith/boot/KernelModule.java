package org.xenolith.boot;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/// A kernel module, unpacked. `name` has dashes, as Linux' file names mostly have.
record KernelModule(String name, byte[] content) {
    private static final String DEPENDS = "\0depends=";

    /// The modules that it needs, from its `.modinfo` section.
    List<String> depends() {
        var text = new String(content, StandardCharsets.ISO_8859_1);
        int at = text.indexOf(DEPENDS);
        if (at < 0) {
            return List.of();
        }
        int from = at + DEPENDS.length();
        int to = text.indexOf('\0', from);
        return Stream.of(text.substring(from, Math.max(from, to)).split(","))
                .filter(name -> !name.isEmpty())
                .map(name -> name.replace('_', '-'))
                .toList();
    }

    String fileName() {
        return name + ".ko";
    }
}
