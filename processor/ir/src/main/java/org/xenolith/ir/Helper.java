package org.xenolith.ir;

import org.xenolith.base.Bug;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Optional;

/// A public static Java method that an op can call. Its parameters are, first and optionally, the
/// [Context] or a subclass of it, then `long`s and `int`s; it returns `long` or nothing. Without
/// the context it must be pure: the same answer for the same arguments, no effects, no faults.
///
/// Two helpers are equal when they are the same method.
public record Helper(Method method) {
    public Helper {
        Bug.check(
                Modifier.isStatic(method.getModifiers())
                        && Modifier.isPublic(method.getModifiers()),
                "helper " + method + " is public and static");
        var types = method.getParameterTypes();
        for (int index = 0; index < types.length; index++) {
            boolean context = index == 0 && Context.class.isAssignableFrom(types[0]);
            Bug.check(
                    context || types[index] == long.class || types[index] == int.class,
                    "helper " + method + " takes numbers");
        }
        var type = method.getReturnType();
        Bug.check(
                type == long.class || type == void.class,
                "helper " + method + " returns long or nothing");
    }

    /// The only method of `owner` with this name.
    public static Helper named(Class<?> owner, String name) {
        var found =
                Arrays.stream(owner.getDeclaredMethods())
                        .filter(method -> method.getName().equals(name))
                        .filter(method -> Modifier.isPublic(method.getModifiers()))
                        .toList();
        Bug.check(found.size() == 1, owner + " has one method " + name);
        return new Helper(found.getFirst());
    }

    public String name() {
        return method.getName();
    }

    public boolean takesContext() {
        return method.getParameterCount() > 0
                && Context.class.isAssignableFrom(method.getParameterTypes()[0]);
    }

    /// Whether it may change anything.
    public boolean changesContext() {
        return takesContext() && !method.isAnnotationPresent(ReadOnly.class);
    }

    /// The pure method that tells whether this helper would do nothing, if it only checks; see
    /// [Guard].
    public Optional<Method> guard() {
        var annotation = method.getAnnotation(Guard.class);
        if (annotation == null || !takesContext() || returnsValue()) {
            return Optional.empty();
        }
        return Optional.of(pure(annotation.value(), boolean.class, numbers()));
    }

    /// The pure methods that can stand in for a helper; see [Quick].
    public record QuickForm(Method value, Method guard) {}

    public Optional<QuickForm> quick() {
        var annotation = method.getAnnotation(Quick.class);
        if (annotation == null || !takesContext()) {
            return Optional.empty();
        }
        var types = returnsValue() ? numbers() : new Class<?>[] {long.class, long.class};
        return Optional.of(
                new QuickForm(
                        pure(annotation.value(), long.class, types),
                        pure(annotation.guard(), boolean.class, types)));
    }

    private Class<?>[] numbers() {
        var types = method.getParameterTypes();
        return Arrays.copyOfRange(types, 1, types.length);
    }

    private Method pure(String name, Class<?> result, Class<?>... types) {
        try {
            var found = method.getDeclaringClass().getMethod(name, types);
            Bug.check(
                    Modifier.isStatic(found.getModifiers()) && found.getReturnType() == result,
                    "method " + found + " is static and returns " + result);
            return found;
        } catch (NoSuchMethodException cause) {
            throw new Bug("helper " + method + " has its pure method " + name, cause);
        }
    }

    /// The guard as it was declared, if there is one.
    public Optional<Guard> guardForm() {
        return guard().map(_ -> method.getAnnotation(Guard.class));
    }

    /// What a pure helper computes, if it has been declared; see [Computes].
    public Optional<Computes.Operation> operation() {
        return Optional.ofNullable(method.getAnnotation(Computes.class))
                .filter(_ -> !takesContext())
                .map(Computes::value);
    }

    /// What it does with the elements of a string, if that has been declared; see [Repeats].
    public Optional<Repeats> repeats() {
        return Optional.ofNullable(method.getAnnotation(Repeats.class))
                .filter(_ -> takesContext() && !returnsValue());
    }

    /// What time it answers, if that has been declared; see [HostTime].
    public Optional<HostTime> hostTime() {
        return Optional.ofNullable(method.getAnnotation(HostTime.class))
                .filter(_ -> takesContext() && arity() == 0 && returnsValue());
    }

    /// The view of memory that it brings into use, if that has been declared; see [Enters].
    public Optional<Enters> enters() {
        return Optional.ofNullable(method.getAnnotation(Enters.class))
                .filter(_ -> takesContext() && arity() > 0 && !returnsValue());
    }

    /// How many values it takes, the context not counted.
    public int arity() {
        return method.getParameterCount() - (takesContext() ? 1 : 0);
    }

    public boolean returnsValue() {
        return method.getReturnType() == long.class;
    }

    /// A handle on the method, for those who do not compile. Its owner must be public in an
    /// exported package.
    public MethodHandle handle() {
        try {
            return MethodHandles.publicLookup().unreflect(method);
        } catch (IllegalAccessException cause) {
            throw new Bug("helper " + method + " is not accessible", cause);
        }
    }

    @Override
    public String toString() {
        return method.getName();
    }
}
