package org.xenolith.state;

import org.xenolith.base.Bug;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/// Derives shapes from record classes. Used once for each version of a kind; a class that cannot be
/// a state is a [Bug].
final class Shapes {
    private static final MethodType OBJECT_TO_OBJECT =
            MethodType.methodType(Object.class, Object.class);

    /// May see the private parts of the records' module.
    private final Lookup lookup;

    /// The records that hold what is being looked at.
    private final Deque<Class<?>> around = new ArrayDeque<>();

    private Shapes(Lookup lookup) {
        this.lookup = lookup;
    }

    static Shape of(Class<? extends Record> type, Lookup lookup) {
        return new Shapes(lookup).shape(type);
    }

    private Shape shape(Type type) {
        if (type == boolean.class || type == Boolean.class) {
            return new Shape.Flag();
        }
        if (type == int.class || type == Integer.class) {
            return new Shape.Int();
        }
        if (type == long.class || type == Long.class) {
            return new Shape.Long64();
        }
        if (type == Bytes.class) {
            return new Shape.Octets();
        }
        if (type instanceof Class<?> named && named.isEnum()) {
            return new Shape.Choice(List.of((Enum<?>[]) named.getEnumConstants()));
        }
        if (type instanceof Class<?> named && named.isRecord()) {
            return composite(named);
        }
        if (type instanceof ParameterizedType generic && generic.getRawType() == List.class) {
            return new Shape.Sequence(shape(generic.getActualTypeArguments()[0]));
        }
        throw new Bug("a state record cannot hold a " + type.getTypeName());
    }

    private Shape composite(Class<?> type) {
        Bug.check(!around.contains(type), "a state record does not hold itself: " + type);
        around.push(type);
        var components = type.getRecordComponents();
        var shape =
                new Shape.Composite(
                        constructor(type, components),
                        Arrays.stream(components)
                                .map(each ->
                                        new Shape.Composite.Component(
                                                each.getName(),
                                                shape(each.getGenericType()),
                                                accessor(type, each)))
                                .toList());
        around.pop();
        return shape;
    }

    private MethodHandle constructor(Class<?> type, RecordComponent[] components) {
        var types = Arrays.stream(components).map(RecordComponent::getType).toList();
        try {
            return MethodHandles.privateLookupIn(type, lookup)
                    .findConstructor(type, MethodType.methodType(void.class, types))
                    .asSpreader(Object[].class, types.size())
                    .asType(OBJECT_TO_OBJECT);
        } catch (ReflectiveOperationException e) {
            throw new Bug("the constructor of a state record is out of reach: " + type, e);
        }
    }

    private MethodHandle accessor(Class<?> type, RecordComponent component) {
        try {
            return MethodHandles.privateLookupIn(type, lookup)
                    .unreflect(component.getAccessor())
                    .asType(OBJECT_TO_OBJECT);
        } catch (IllegalAccessException e) {
            throw new Bug("a component of a state record is out of reach: " + component, e);
        }
    }
}
