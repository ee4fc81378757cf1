package org.xenolith.boot.grub;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Makes statements of words.
final class Parser {
    /// How deep statements may stand in each other.
    static final int NESTING_MAX = 32;

    private static final Set<String> LOOPS = Set.of("while", "until", "select");

    private final List<Token> tokens;
    private int at;
    private int nesting;

    private Parser(List<Token> tokens) {
        this.tokens = tokens;
    }

    static List<Statement> parse(String text) throws GrubException {
        var parser = new Parser(Lexer.split(text));
        var statements = parser.statements(Set.of());
        if (parser.at < parser.tokens.size()) {
            throw parser.unexpected();
        }
        return statements;
    }

    /// Statements up to one of the words, which is not taken.
    private List<Statement> statements(Set<String> ends) throws GrubException {
        if (++nesting > NESTING_MAX) {
            throw new GrubException("statements are nested more than " + NESTING_MAX + " deep");
        }
        var statements = new ArrayList<Statement>();
        skipEnds();
        while (at < tokens.size() && !ends.contains(keyword())) {
            statements.add(statement());
            skipEnds();
        }
        if (at == tokens.size() && !ends.isEmpty()) {
            throw new GrubException(
                    "it ends where " + String.join(" or ", new TreeSet<>(ends)) + " should be");
        }
        nesting--;
        return statements;
    }

    private Statement statement() throws GrubException {
        var keyword = keyword();
        return switch (keyword) {
            case "if" -> ifStatement();
            case "for" -> forStatement();
            case "menuentry", "submenu" -> entry(keyword.equals("submenu"));
            case "function" -> function();
            case "}", "{", "then", "elif", "else", "fi", "do", "done" -> throw unexpected();
            default -> {
                if (LOOPS.contains(keyword)) {
                    throw new GrubException(where() + keyword + " is not supported");
                }
                yield new Statement.Command(words());
            }
        };
    }

    private Statement ifStatement() throws GrubException {
        var branches = new ArrayList<Statement.Branch>();
        var otherwise = List.<Statement>of();
        do {
            at++; // if, elif
            var condition = statements(Set.of("then"));
            at++;
            var body = statements(Set.of("elif", "else", "fi"));
            branches.add(new Statement.Branch(condition, body));
        } while (keyword().equals("elif"));
        if (keyword().equals("else")) {
            at++;
            otherwise = statements(Set.of("fi"));
        }
        at++;
        return new Statement.If(branches, otherwise);
    }

    private Statement forStatement() throws GrubException {
        at++;
        var words = words();
        skipEnds();
        var name = words.isEmpty() ? "" : words.getFirst().plain().orElse("");
        if (name.isEmpty()
                || words.size() < 2
                || !words.get(1).is("in")
                || !keyword().equals("do")) {
            throw new GrubException(where() + "for is not followed by a name, in, words, and do");
        }
        at++;
        var body = statements(Set.of("done"));
        at++;
        return new Statement.For(name, words.subList(2, words.size()), body);
    }

    private Statement entry(boolean submenu) throws GrubException {
        at++;
        var words = new ArrayList<Word>();
        while (at < tokens.size()
                && tokens.get(at) instanceof Token.Spelled(var word, _)
                && !word.is("{")) {
            words.add(word);
            at++;
        }
        return new Statement.Entry(submenu, words, block());
    }

    private Statement function() throws GrubException {
        at++;
        var name = keyword();
        at++;
        skipEnds();
        return new Statement.Function(name, block());
    }

    private List<Statement> block() throws GrubException {
        if (!keyword().equals("{")) {
            throw unexpected();
        }
        at++;
        var body = statements(Set.of("}"));
        at++;
        return body;
    }

    /// The words of a simple command, at least one.
    private List<Word> words() {
        var words = new ArrayList<Word>();
        while (at < tokens.size()
                && tokens.get(at) instanceof Token.Spelled(var word, _)
                && (words.isEmpty() || !word.is("}"))) {
            words.add(word);
            at++;
        }
        return words;
    }

    private void skipEnds() {
        while (at < tokens.size() && tokens.get(at) instanceof Token.End) {
            at++;
        }
    }

    /// The plain word that stands here; empty if there is none.
    private String keyword() {
        return at < tokens.size() && tokens.get(at) instanceof Token.Spelled(var word, _)
                ? word.plain().orElse("")
                : "";
    }

    private String where() {
        return at < tokens.size() && tokens.get(at) instanceof Token.Spelled(_, int line)
                ? "line " + line + ": "
                : "";
    }

    private GrubException unexpected() {
        return new GrubException(
                keyword().isEmpty()
                        ? "a { is missing"
                        : where() + "unexpected \"" + keyword() + "\"");
    }
}
