package org.xenolith.xl.config;

import org.xenolith.xl.config.ConfigValue.Atom;
import org.xenolith.xl.config.ConfigValue.Many;
import org.xenolith.xl.config.Token.Kind;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The grammar of xl.cfg (tools/libs/util/libxlu_cfg_y.y in the Xen tree): assignments `key =
/// value` or `key += value`, each ended by a newline or a semicolon; a value is an atom or a list.
/// The last assignment to a key counts.
final class ConfigParser {
    /// Characters of a whole configuration.
    static final int TEXT_CHARACTERS_MAX = 1 << 20;

    /// Lists within lists.
    static final int DEPTH_MAX = 16;

    private final String source;
    private final ConfigScanner scanner;
    private final Map<String, Setting> settings;
    private Token token;

    private ConfigParser(String source, String text, Map<String, Setting> settings)
            throws ConfigException {
        if (text.length() > TEXT_CHARACTERS_MAX) {
            throw new ConfigException(source, "longer than " + TEXT_CHARACTERS_MAX + " characters");
        }
        this.source = source;
        this.settings = settings;
        this.scanner = new ConfigScanner(source, text);
        this.token = scanner.next();
    }

    /// The settings by key, in the order of their first assignment.
    static Map<String, Setting> parse(String source, String text) throws ConfigException {
        var settings = new LinkedHashMap<String, Setting>();
        parse(source, text, settings);
        return settings;
    }

    /// Adds to `settings`, which came from elsewhere.
    static void parse(String source, String text, Map<String, Setting> settings)
            throws ConfigException {
        var parser = new ConfigParser(source, text, settings);
        while (parser.token.kind() != Kind.END) {
            parser.statement();
        }
    }

    private void statement() throws ConfigException {
        if (isEndOfStatement()) {
            advance();
            return;
        }
        var key = expect(Kind.IDENTIFIER, "a key");
        boolean add = token.kind() == Kind.ADD;
        if (!add && token.kind() != Kind.ASSIGN) {
            throw unexpected("\"=\" after " + key.shown());
        }
        advance();
        var place = place();
        var value = value(0);
        if (token.kind() != Kind.END && !isEndOfStatement()) {
            throw unexpected("end of line or \";\"");
        }
        var before = settings.get(key.text());
        if (add && before != null) {
            value = joined(key.text(), before.value(), value, place);
        }
        settings.put(key.text(), new Setting(key.text(), value, place, add));
    }

    private ConfigValue value(int depth) throws ConfigException {
        if (token.kind() == Kind.STRING || token.kind() == Kind.NUMBER) {
            return new Atom(advance().text());
        }
        if (token.kind() != Kind.OPEN) {
            throw unexpected("a value");
        }
        if (depth == DEPTH_MAX) {
            throw new ConfigException(place(), "more than " + DEPTH_MAX + " lists within lists");
        }
        advance();
        return list(depth);
    }

    private Many list(int depth) throws ConfigException {
        var values = new ArrayList<ConfigValue>();
        skipNewlines();
        while (token.kind() != Kind.CLOSE) {
            values.add(value(depth + 1));
            skipNewlines();
            if (token.kind() == Kind.COMMA) {
                advance();
                skipNewlines();
            } else if (token.kind() != Kind.CLOSE) {
                throw unexpected("\",\" or \"]\"");
            }
        }
        advance();
        return new Many(values);
    }

    private ConfigValue joined(String key, ConfigValue before, ConfigValue added, Place place)
            throws ConfigException {
        if (before instanceof Atom(var first) && added instanceof Atom(var second)) {
            return new Atom(first + second);
        }
        if (before instanceof Many(var first) && added instanceof Many(var second)) {
            var all = new ArrayList<ConfigValue>(List.copyOf(first));
            all.addAll(second);
            return new Many(all);
        }
        throw new ConfigException(
                place, key + ": cannot add a list to a string or a string to a list");
    }

    private boolean isEndOfStatement() {
        return token.kind() == Kind.NEWLINE || token.kind() == Kind.SEMICOLON;
    }

    private void skipNewlines() throws ConfigException {
        while (token.kind() == Kind.NEWLINE) {
            advance();
        }
    }

    private Token expect(Kind kind, String what) throws ConfigException {
        if (token.kind() != kind) {
            throw unexpected(what);
        }
        return advance();
    }

    private Token advance() throws ConfigException {
        var passed = token;
        token = scanner.next();
        return passed;
    }

    private Place place() {
        return new Place(source, token.line());
    }

    private ConfigException unexpected(String wanted) {
        return new ConfigException(place(), "expected " + wanted + ", found " + token.shown());
    }
}
