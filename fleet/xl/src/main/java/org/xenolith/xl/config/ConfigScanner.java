package org.xenolith.xl.config;

import org.xenolith.xl.config.Token.Kind;

/// Splits the text of an xl.cfg into tokens (tools/libs/util/libxlu_cfg_l.l in the Xen tree). Two
/// escapes that Xen's own scanner misreads, `\x` and octal, mean here what the manual says.
final class ConfigScanner {
    private final String source;
    private final String text;
    private int at;
    private int line = 1;

    ConfigScanner(String source, String text) {
        this.source = source;
        this.text = text;
    }

    Token next() throws ConfigException {
        skipBlanks();
        if (at == text.length()) {
            return new Token(Kind.END, "", line);
        }
        char c = text.charAt(at);
        return switch (c) {
            case '\n', '#' -> endOfLine();
            case ',' -> symbol(Kind.COMMA, 1);
            case ';' -> symbol(Kind.SEMICOLON, 1);
            case '[' -> symbol(Kind.OPEN, 1);
            case ']' -> symbol(Kind.CLOSE, 1);
            case '=' -> symbol(Kind.ASSIGN, 1);
            case '\'', '"' -> string(c);
            default -> word(c);
        };
    }

    private Token word(char first) throws ConfigException {
        if (first == '+' && text.startsWith("+=", at)) {
            return symbol(Kind.ADD, 2);
        }
        if (first >= 'a' && first <= 'z') {
            return symbol(Kind.IDENTIFIER, lengthOf("._0123456789abcdefghijklmnopqrstuvwxyz"));
        }
        if (first >= '0' && first <= '9') {
            return symbol(Kind.NUMBER, lengthOf("0123456789abcdefx"));
        }
        throw error(
                first > ' ' && first < 0x7F
                        ? "unexpected character '" + first + "'"
                        : "unexpected character 0x" + Integer.toHexString(first));
    }

    private int lengthOf(String allowed) {
        int end = at;
        while (end < text.length() && allowed.indexOf(text.charAt(end)) >= 0) {
            end++;
        }
        return end - at;
    }

    private Token symbol(Kind kind, int length) {
        var token = new Token(kind, text.substring(at, at + length), line);
        at += length;
        return token;
    }

    private void skipBlanks() {
        while (at < text.length() && " \t\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    /// A newline, or a comment with its newline. A comment may also end with the file.
    private Token endOfLine() {
        int end = text.indexOf('\n', at);
        at = end < 0 ? text.length() : end + 1;
        return new Token(Kind.NEWLINE, "", line++);
    }

    private Token string(char quote) throws ConfigException {
        var content = new StringBuilder();
        at++;
        while (at < text.length() && text.charAt(at) != '\n') {
            char c = text.charAt(at++);
            if (c == quote) {
                return new Token(Kind.STRING, content.toString(), line);
            }
            content.append(c == '\\' ? escape() : c);
        }
        throw error("string without its closing " + quote);
    }

    private char escape() throws ConfigException {
        if (at == text.length()) {
            throw error("string ends in a backslash");
        }
        char c = text.charAt(at++);
        return switch (c) {
            case '"', '\'', '\\' -> c;
            case 'a' -> 0x07;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'v' -> 0x0B;
            case 'x' -> code(16, 2, 2);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                at--;
                yield code(8, 1, 3);
            }
            default -> throw error("invalid character after a backslash in a string");
        };
    }

    private char code(int radix, int digitsMin, int digitsMax) throws ConfigException {
        int value = 0;
        int digits = 0;
        while (digits < digitsMax
                && at < text.length()
                && Character.digit(text.charAt(at), radix) >= 0) {
            value = value * radix + Character.digit(text.charAt(at++), radix);
            digits++;
        }
        if (digits < digitsMin || value > 255) {
            throw error("invalid number after a backslash in a string");
        }
        return (char) value;
    }

    private ConfigException error(String reason) {
        return new ConfigException(new Place(source, line), reason);
    }
}
