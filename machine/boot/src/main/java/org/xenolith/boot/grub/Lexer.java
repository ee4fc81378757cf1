package org.xenolith.boot.grub;

import java.util.ArrayList;
import java.util.List;

/// Splits a configuration into words (GRUB manual, "Shell-like scripting": quoting, words).
final class Lexer {
    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private final List<Word.Part> parts = new ArrayList<>();
    private final StringBuilder plain = new StringBuilder();
    private int at;
    private int line = 1;

    private Lexer(String text) {
        this.text = text;
    }

    static List<Token> split(String text) throws GrubException {
        var lexer = new Lexer(text);
        lexer.run();
        return lexer.tokens;
    }

    private void run() throws GrubException {
        while (at < text.length()) {
            char c = text.charAt(at);
            switch (c) {
                case ' ', '\t', '\r' -> {
                    endWord();
                    at++;
                }
                case '\n' -> {
                    end();
                    line++;
                }
                case ';' -> end();
                case '#' -> skipComment();
                case '\\' -> escape();
                case '\'' -> singleQuotes();
                case '"' -> doubleQuotes();
                case '$' -> variable(false);
                default -> {
                    plain.append(c);
                    at++;
                }
            }
        }
        end();
    }

    private void end() {
        endWord();
        tokens.add(new Token.End());
        at++;
    }

    private void endWord() {
        endPlain();
        if (!parts.isEmpty()) {
            tokens.add(new Token.Spelled(new Word(parts), line));
            parts.clear();
        }
    }

    private void endPlain() {
        if (!plain.isEmpty()) {
            parts.add(new Word.Part.Text(plain.toString(), false));
            plain.setLength(0);
        }
    }

    /// Only at the begin of a word; elsewhere it is a character as others.
    private void skipComment() {
        if (!plain.isEmpty() || !parts.isEmpty()) {
            plain.append(text.charAt(at++));
            return;
        }
        while (at < text.length() && text.charAt(at) != '\n') {
            at++;
        }
    }

    private void escape() {
        at++;
        if (at == text.length()) {
            return;
        }
        char c = text.charAt(at++);
        if (c == '\n') {
            line++;
            return;
        }
        endPlain();
        parts.add(new Word.Part.Text(String.valueOf(c), true));
    }

    private void singleQuotes() throws GrubException {
        endPlain();
        int end = text.indexOf('\'', at + 1);
        if (end < 0) {
            throw unclosed();
        }
        var quoted = text.substring(at + 1, end);
        parts.add(new Word.Part.Text(quoted, true));
        line += (int) quoted.chars().filter(c -> c == '\n').count();
        at = end + 1;
    }

    private void doubleQuotes() throws GrubException {
        endPlain();
        at++;
        var quoted = new StringBuilder();
        int partsBefore = parts.size();
        while (at < text.length() && text.charAt(at) != '"') {
            char c = text.charAt(at);
            if (c == '$') {
                addQuoted(quoted);
                variable(true);
                continue;
            }
            if (c == '\\' && at + 1 < text.length() && "$\"\\".indexOf(text.charAt(at + 1)) >= 0) {
                at++;
            }
            line += text.charAt(at) == '\n' ? 1 : 0;
            quoted.append(text.charAt(at++));
        }
        if (at == text.length()) {
            throw unclosed();
        }
        at++;
        if (!quoted.isEmpty() || parts.size() == partsBefore) {
            parts.add(new Word.Part.Text(quoted.toString(), true));
        }
    }

    private void addQuoted(StringBuilder quoted) {
        if (!quoted.isEmpty()) {
            parts.add(new Word.Part.Text(quoted.toString(), true));
            quoted.setLength(0);
        }
    }

    /// `$name`, `${name}`, `$1`, `$?`; a dollar before anything else is a dollar.
    private void variable(boolean quoted) throws GrubException {
        endPlain();
        at++;
        boolean braces = at < text.length() && text.charAt(at) == '{';
        int begin = braces ? at + 1 : at;
        int end = begin;
        if (end < text.length() && "?#*@".indexOf(text.charAt(end)) >= 0) {
            end++;
        } else {
            while (end < text.length() && isNamePart(text.charAt(end))) {
                end++;
            }
        }
        if (braces && (end == text.length() || text.charAt(end) != '}')) {
            throw new GrubException("line " + line + ": ${ is not closed");
        }
        if (begin == end) {
            parts.add(new Word.Part.Text("$", quoted));
            return;
        }
        parts.add(new Word.Part.Variable(text.substring(begin, end), quoted));
        at = braces ? end + 1 : end;
    }

    private static boolean isNamePart(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_';
    }

    private GrubException unclosed() {
        return new GrubException("line " + line + ": a quote is not closed");
    }
}
