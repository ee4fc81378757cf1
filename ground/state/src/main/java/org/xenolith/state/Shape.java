package org.xenolith.state;

import org.xenolith.base.Bug;

import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// The wire form of one type of component; see docs/specs/state-stream.md.
sealed interface Shape {
    /// The fewest bytes that a value takes.
    int leastBytes();

    void write(Object value, StateOutput out);

    /// @throws StateException if the bytes are no value of this shape
    Object read(StateInput in);

    /// One line for the value itself, `indent` more before each line of what it is made of.
    String describe(String indent);

    /// A byte: 0 or 1.
    record Flag() implements Shape {
        @Override
        public int leastBytes() {
            return 1;
        }

        @Override
        public void write(Object value, StateOutput out) {
            out.putByte((Boolean) value ? 1 : 0);
        }

        @Override
        public Object read(StateInput in) {
            int value = in.nextByte();
            StateException.require(value <= 1, "a boolean is 0 or 1");
            return value == 1;
        }

        @Override
        public String describe(String indent) {
            return "boolean";
        }
    }

    /// Four bytes, little-endian.
    record Int() implements Shape {
        @Override
        public int leastBytes() {
            return Integer.BYTES;
        }

        @Override
        public void write(Object value, StateOutput out) {
            out.putInt((Integer) value);
        }

        @Override
        public Object read(StateInput in) {
            return in.nextInt();
        }

        @Override
        public String describe(String indent) {
            return "int";
        }
    }

    /// Eight bytes, little-endian.
    record Long64() implements Shape {
        @Override
        public int leastBytes() {
            return Long.BYTES;
        }

        @Override
        public void write(Object value, StateOutput out) {
            out.putLong((Long) value);
        }

        @Override
        public Object read(StateInput in) {
            return in.nextLong();
        }

        @Override
        public String describe(String indent) {
            return "long";
        }
    }

    /// A count of bytes, then the bytes.
    record Octets() implements Shape {
        @Override
        public int leastBytes() {
            return Integer.BYTES;
        }

        @Override
        public void write(Object value, StateOutput out) {
            var bytes = (Bytes) value;
            out.putInt(bytes.length());
            out.putBytes(bytes);
        }

        @Override
        public Object read(StateInput in) {
            return in.nextBytes(in.nextCount(1));
        }

        @Override
        public String describe(String indent) {
            return "bytes";
        }
    }

    /// A byte: the place of the constant among all.
    record Choice(List<Enum<?>> constants) implements Shape {
        static final int CONSTANTS_MAX = 256;

        public Choice {
            constants = List.copyOf(constants);
            Bug.check(constants.size() <= CONSTANTS_MAX, "an enum of a state fits into a byte");
        }

        @Override
        public int leastBytes() {
            return 1;
        }

        @Override
        public void write(Object value, StateOutput out) {
            out.putByte(((Enum<?>) value).ordinal());
        }

        @Override
        public Object read(StateInput in) {
            int place = in.nextByte();
            StateException.require(place < constants.size(), "an enum has that many constants");
            return constants.get(place);
        }

        @Override
        public String describe(String indent) {
            return constants.stream()
                    .map(Enum::name)
                    .collect(Collectors.joining(" ", "one of ", ""));
        }
    }

    /// A count of elements, then the elements.
    record Sequence(Shape element) implements Shape {
        public Sequence {
            Bug.check(element.leastBytes() > 0, "elements of a list have components");
        }

        @Override
        public int leastBytes() {
            return Integer.BYTES;
        }

        @Override
        public void write(Object value, StateOutput out) {
            var list = (List<?>) value;
            out.putInt(list.size());
            list.forEach(each -> element.write(each, out));
        }

        @Override
        public Object read(StateInput in) {
            int count = in.nextCount(element.leastBytes());
            var list = new ArrayList<Object>(count);
            for (int i = 0; i < count; i++) {
                list.add(element.read(in));
            }
            return list;
        }

        @Override
        public String describe(String indent) {
            return "list of " + element.describe(indent);
        }
    }

    /// The components in order; the constructor is the gate.
    record Composite(MethodHandle constructor, List<Component> components) implements Shape {
        /// `accessor` takes the record and gives the component, both as objects.
        record Component(String name, Shape shape, MethodHandle accessor) {}

        public Composite {
            components = List.copyOf(components);
        }

        @Override
        public int leastBytes() {
            return components.stream().mapToInt(each -> each.shape.leastBytes()).sum();
        }

        @Override
        public void write(Object value, StateOutput out) {
            for (var component : components) {
                component.shape.write(call(component.accessor, value), out);
            }
        }

        @Override
        public Object read(StateInput in) {
            var values = new Object[components.size()];
            Arrays.setAll(values, i -> components.get(i).shape.read(in));
            return call(constructor, values);
        }

        private static Object call(MethodHandle handle, Object argument) {
            try {
                return (Object) handle.invokeExact(argument);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new Bug("state records throw no checked exceptions", e);
            }
        }

        @Override
        public String describe(String indent) {
            var inner = indent + "  ";
            return components.stream()
                    .map(each -> "\n" + inner + each.name + ": " + each.shape.describe(inner))
                    .collect(Collectors.joining("", "record", ""));
        }
    }
}
