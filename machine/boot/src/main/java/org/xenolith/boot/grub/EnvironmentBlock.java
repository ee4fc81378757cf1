package org.xenolith.boot.grub;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/// The file in which GRUB keeps variables between boots (`grubenv`, 1024 bytes): lines of
/// `name=value`, in which a backslash stands before a backslash or a new line, filled up with `#`.
final class EnvironmentBlock {
    static final int BYTES_MAX = 64 << 10;

    private static final String MARK = "# GRUB Environment Block\n";

    private EnvironmentBlock() {}

    /// The variables in the block; none if it is not one.
    static Map<String, String> parse(byte[] content) {
        var text = new String(content, StandardCharsets.UTF_8);
        var variables = new LinkedHashMap<String, String>();
        if (!text.startsWith(MARK)) {
            return variables;
        }
        var line = new StringBuilder();
        for (int i = MARK.length(); i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length()) {
                line.append(text.charAt(++i));
            } else if (c == '\n') {
                add(variables, line.toString());
                line.setLength(0);
            } else {
                line.append(c);
            }
        }
        return variables;
    }

    private static void add(Map<String, String> variables, String line) {
        int equals = line.indexOf('=');
        if (equals > 0 && !line.startsWith("#")) {
            variables.put(line.substring(0, equals), line.substring(equals + 1));
        }
    }
}
