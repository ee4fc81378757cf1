package org.xenolith.xenstore;

import java.util.function.Function;

/// What came of something that a client asked for: done, or refused for a reason that the client is
/// told.
sealed interface Outcome<T> {
    record Done<T>(T value) implements Outcome<T> {}

    record Refused<T>(StoreError error) implements Outcome<T> {}

    static <T> Outcome<T> done(T value) {
        return new Done<>(value);
    }

    static <T> Outcome<T> refused(StoreError error) {
        return new Refused<>(error);
    }

    /// Goes on with the value; a refusal stays what it is.
    default <R> Outcome<R> then(Function<? super T, Outcome<R>> next) {
        return switch (this) {
            case Done<T>(var value) -> next.apply(value);
            case Refused<T>(var error) -> new Refused<>(error);
        };
    }

    default <R> Outcome<R> map(Function<? super T, ? extends R> next) {
        return then(value -> done(next.apply(value)));
    }
}
