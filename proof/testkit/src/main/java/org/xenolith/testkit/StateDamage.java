package org.xenolith.testkit;

import org.xenolith.state.Bytes;
import org.xenolith.state.StateException;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/// Random damage of state records. One component somewhere in the tree is changed and every record
/// above it built anew through its constructor, so whatever passes is what a file or a peer could
/// bring.
public final class StateDamage {
    private StateDamage() {}

    /// A copy of `state` with one random change.
    ///
    /// @throws StateException if a constructor refuses it
    public static <S extends Record> S damage(S state, RandomGenerator random) {
        @SuppressWarnings("unchecked")
        var type = (Class<S>) state.getClass();
        return type.cast(damageRecord(state, random));
    }

    /// A copy of a state's wire form with one to four random changes: bits and bytes changed, cut
    /// off, taken out, put in.
    public static Bytes damageEncoded(Bytes encoded, RandomGenerator random) {
        var damaged = encoded;
        for (int changes = random.nextInt(1, 5); changes > 0; changes--) {
            damaged = Bytes.of(changed(damaged.toArray(), random));
        }
        return damaged;
    }

    private static byte[] changed(byte[] content, RandomGenerator random) {
        int place = content.length == 0 ? 0 : random.nextInt(content.length);
        var rest = Arrays.copyOfRange(content, place, content.length);
        return switch (random.nextInt(content.length == 0 ? 1 : 5)) {
            case 0 -> joined(content, place, new byte[] {(byte) random.nextInt()}, rest);
            case 1 -> {
                content[place] ^= (byte) (1 << random.nextInt(8));
                yield content;
            }
            case 2 -> {
                content[place] = (byte) random.nextInt();
                yield content;
            }
            case 3 -> Arrays.copyOf(content, place);
            default ->
                    joined(content, place, new byte[0], Arrays.copyOfRange(rest, 1, rest.length));
        };
    }

    private static byte[] joined(byte[] content, int length, byte[] middle, byte[] end) {
        return ByteBuffer.allocate(length + middle.length + end.length)
                .put(content, 0, length)
                .put(middle)
                .put(end)
                .array();
    }

    private static Object damageRecord(Record state, RandomGenerator random) {
        var components = state.getClass().getRecordComponents();
        if (components.length == 0) {
            return state;
        }
        var types = new Class<?>[components.length];
        var values = new Object[components.length];
        int victim = random.nextInt(components.length);
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = read(state, components[i]);
            if (i == victim) {
                values[i] = damageValue(values[i], random);
            }
        }
        try {
            var constructor = state.getClass().getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof StateException refused) {
                throw refused;
            }
            throw new AssertionError(
                    state.getClass().getSimpleName() + " refuses damage with " + e.getCause(),
                    e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("cannot construct " + state.getClass(), e);
        }
    }

    private static Object read(Record state, RecordComponent component) {
        try {
            var accessor = component.getAccessor();
            accessor.setAccessible(true);
            return accessor.invoke(state);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("cannot read " + component, e);
        }
    }

    private static Object damageValue(Object value, RandomGenerator random) {
        return switch (value) {
            case Boolean flag -> !flag;
            case Integer number -> (int) damageLong(number, random);
            case Long number -> damageLong(number, random);
            case Enum<?> constant -> damageEnum(constant, random);
            case Bytes bytes -> damageBytes(bytes, random);
            case List<?> list -> damageList(list, random);
            case Record record -> damageRecord(record, random);
            default ->
                    throw new AssertionError(
                            "a state record holds a "
                                    + value.getClass()
                                    + ", which is not a type for state");
        };
    }

    private static long damageLong(long value, RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> value ^ 1L << random.nextInt(64);
            case 1 -> random.nextLong();
            case 2 -> -value;
            default -> value + random.nextInt(-2, 3);
        };
    }

    private static Object damageEnum(Enum<?> constant, RandomGenerator random) {
        var all = constant.getDeclaringClass().getEnumConstants();
        return all[random.nextInt(all.length)];
    }

    private static Bytes damageBytes(Bytes bytes, RandomGenerator random) {
        var content = bytes.toArray();
        if (content.length == 0 || random.nextInt(4) == 0) {
            return Bytes.of(Arrays.copyOf(content, random.nextInt(content.length + 2)));
        }
        content[random.nextInt(content.length)] = (byte) random.nextInt();
        return Bytes.of(content);
    }

    private static List<?> damageList(List<?> list, RandomGenerator random) {
        var copy = new ArrayList<Object>(list);
        if (copy.isEmpty()) {
            return copy;
        }
        int victim = random.nextInt(copy.size());
        switch (random.nextInt(4)) {
            case 0 -> copy.remove(victim);
            case 1 -> copy.add(copy.get(victim));
            default -> copy.set(victim, damageValue(copy.get(victim), random));
        }
        return copy;
    }
}
