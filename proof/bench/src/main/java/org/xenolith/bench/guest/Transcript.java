package org.xenolith.bench.guest;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// What a guest has said and nobody has taken yet, and when it was heard. For one thread.
final class Transcript {
    static final int CHARACTERS_MAX = 1 << 20;

    /// What is found, and the time of its last character.
    record Heard(MatchResult match, long nanos) {}

    private record Chunk(long end, long nanos) {}

    private final StringBuilder text = new StringBuilder();
    private final ArrayDeque<Chunk> chunks = new ArrayDeque<>();

    /// How many characters have gone from the front.
    private long gone;

    void hear(String said, long nanos) {
        text.append(said);
        chunks.add(new Chunk(gone + text.length(), nanos));
        if (text.length() > CHARACTERS_MAX) {
            drop(text.length() - CHARACTERS_MAX);
        }
    }

    /// Takes everything up to the end of the first match.
    Optional<Heard> take(Pattern pattern) {
        var matcher = pattern.matcher(text);
        if (!matcher.find()) {
            return Optional.empty();
        }
        var match = matcher.toMatchResult();
        long end = gone + match.end();
        while (chunks.getFirst().end() < end) {
            chunks.removeFirst();
        }
        long nanos = chunks.getFirst().nanos();
        drop(match.end());
        return Optional.of(new Heard(match, nanos));
    }

    private void drop(int characters) {
        text.delete(0, characters);
        gone += characters;
        while (!chunks.isEmpty() && chunks.getFirst().end() <= gone) {
            chunks.removeFirst();
        }
    }

    /// What is there, for messages.
    String rest() {
        return text.toString();
    }
}
