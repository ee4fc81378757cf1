package org.xenolith.state;

import org.xenolith.base.Bug;

import java.lang.invoke.MethodHandles.Lookup;
import java.util.function.Function;

/// A kind of state: its name, its versions, and how they are written and read
/// (docs/specs/state-stream.md). The form follows from the record class, which is looked at once,
/// when the codec is made; so there is one codec for each kind, in a constant of the record.
///
/// A released version is frozen: its record class stays as it is, and a change is a class of its
/// own that says what has become of its predecessor's states.
///
/// ```java
/// static final StateCodec<TimerState> CODEC =
///         StateCodec.of("timer", TimerStateV1.class, MethodHandles.lookup())
///                 .then(TimerState.class, TimerState::from);
/// ```
///
/// Immutable; may be used from any thread.
public final class StateCodec<S extends Record> {
    /// No state takes more bytes.
    public static final int STATE_BYTES_MAX = 64 << 20;

    /// The longest name of a kind.
    public static final int KIND_CHARS_MAX = 64;

    private final String kind;
    private final int version;
    private final Class<S> type;
    private final Lookup lookup;
    private final Shape shape;

    /// Reads earlier versions.
    private final Past<S> past;

    private interface Past<S> {
        S decode(int version, Bytes encoded);
    }

    private StateCodec(String kind, int version, Class<S> type, Lookup lookup, Past<S> past) {
        this.kind = kind;
        this.version = version;
        this.type = type;
        this.lookup = lookup;
        this.shape = Shapes.of(type, lookup);
        this.past = past;
    }

    /// A kind with its first version. `kind` is lower-case letters, digits and hyphens; `lookup` is
    /// that of the module in which `type` and the records within it are.
    public static <S extends Record> StateCodec<S> of(String kind, Class<S> type, Lookup lookup) {
        Bug.check(isKind(kind), "a kind is lower-case letters, digits and hyphens");
        return new StateCodec<>(
                kind,
                1,
                type,
                lookup,
                (unknown, _) -> {
                    throw new StateException("there is no version " + unknown + " of " + kind);
                });
    }

    /// Whether `name` can be the name of a kind.
    public static boolean isKind(String name) {
        return name.length() <= KIND_CHARS_MAX && name.matches("[a-z0-9]+(-[a-z0-9]+)*");
    }

    /// The same kind with one more version; `successor` is what becomes of a state of this one.
    public <T extends Record> StateCodec<T> then(
            Class<T> next, Function<? super S, ? extends T> successor) {
        return new StateCodec<>(
                kind,
                version + 1,
                next,
                lookup,
                (earlier, encoded) -> successor.apply(decode(earlier, encoded)));
    }

    public String kind() {
        return kind;
    }

    /// The version that is written; counts from 1.
    public int version() {
        return version;
    }

    /// The state's wire form.
    public Bytes encode(S state) {
        var out = new StateOutput();
        shape.write(state, out);
        var encoded = out.written();
        Bug.check(encoded.length() <= STATE_BYTES_MAX, "a state has a bounded size");
        return encoded;
    }

    /// Reads a state of this or an earlier version, and makes it one of this version.
    ///
    /// @throws StateException if the version is not known or the bytes are no possible state
    public S decode(int writtenVersion, Bytes encoded) {
        if (writtenVersion != version) {
            StateException.require(
                    writtenVersion >= 1 && writtenVersion < version,
                    "version " + writtenVersion + " of " + kind + " is not known here");
            return past.decode(writtenVersion, encoded);
        }
        StateException.require(encoded.length() <= STATE_BYTES_MAX, "a state has a bounded size");
        var in = new StateInput(encoded);
        var state = type.cast(shape.read(in));
        in.requireEnd();
        return state;
    }

    /// The form of this version in words. It changes whenever the bytes would, and is compared with
    /// a golden file.
    public String form() {
        return kind + " version " + version + ": " + shape.describe("") + "\n";
    }

    @Override
    public String toString() {
        return kind + " version " + version;
    }
}
