package org.xenolith.xl.config;

/// A word of xl.cfg. `text` is the identifier, the number as written, or the string without quotes.
record Token(Kind kind, String text, int line) {
    enum Kind {
        IDENTIFIER,
        STRING,
        NUMBER,
        ASSIGN,
        ADD,
        COMMA,
        SEMICOLON,
        OPEN,
        CLOSE,
        NEWLINE,
        END
    }

    /// As shown in a message.
    String shown() {
        return switch (kind) {
            case NEWLINE -> "end of line";
            case END -> "end of file";
            case STRING -> "string \"" + abbreviated() + "\"";
            case IDENTIFIER, NUMBER, ASSIGN, ADD, COMMA, SEMICOLON, OPEN, CLOSE ->
                    "\"" + abbreviated() + "\"";
        };
    }

    private String abbreviated() {
        var cut = text.length() > 40 ? text.substring(0, 40) + "..." : text;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}
