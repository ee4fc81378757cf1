package org.xenolith.xen.abi;

import org.xenolith.base.Bug;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The layout of a C structure of Xen's public interface, for both kinds of caller.
///
/// Members are named as in the header; a member of a member is reached with a dot, as C's
/// `offsetof` has it: `u.unbound.dom`.
public final class Struct {
    /// What a member is made of.
    private enum Kind {
        FIXED,
        LONG
    }

    /// A member before it has a place.
    public sealed interface Member {
        String name();
    }

    private record Scalar(String name, Kind kind, int bytes, int count) implements Member {}

    private record Nested(String name, Struct struct) implements Member {}

    private record Only(Abi abi, Member member) implements Member {
        @Override
        public String name() {
            return member.name();
        }
    }

    private record Layout(int size, int alignment, Map<String, Field> fields) {}

    private final String name;
    private final Map<Abi, Layout> layouts;

    private Struct(String name, boolean union, List<Member> members) {
        this.name = name;
        this.layouts =
                Map.of(
                        Abi.X86_64, layOut(Abi.X86_64, union, members),
                        Abi.X86_32, layOut(Abi.X86_32, union, members));
    }

    /// A structure; `name` is the C type, as in `struct evtchn_send`.
    public static Struct struct(String name, Member... members) {
        return new Struct(name, false, List.of(members));
    }

    public static Struct union(String name, Member... members) {
        return new Struct(name, true, List.of(members));
    }

    public static Member u8(String name) {
        return new Scalar(name, Kind.FIXED, 1, 1);
    }

    public static Member u16(String name) {
        return new Scalar(name, Kind.FIXED, 2, 1);
    }

    public static Member u32(String name) {
        return new Scalar(name, Kind.FIXED, 4, 1);
    }

    public static Member u64(String name) {
        return new Scalar(name, Kind.FIXED, 8, 1);
    }

    /// `xen_ulong_t`, `xen_pfn_t`, a pointer or a guest handle: as wide as the caller's `long`.
    public static Member ulong(String name) {
        return new Scalar(name, Kind.LONG, 0, 1);
    }

    /// `count` of `element`.
    public static Member array(int count, Member element) {
        return switch (element) {
            case Scalar scalar -> new Scalar(scalar.name, scalar.kind, scalar.bytes, count);
            case Nested _, Only _ -> throw new Bug("arrays are of scalars only");
        };
    }

    public static Member nested(String name, Struct struct) {
        return new Nested(name, struct);
    }

    /// A member that only one kind of caller has.
    public static Member only(Abi abi, Member member) {
        return new Only(abi, member);
    }

    private static Layout layOut(Abi abi, boolean union, List<Member> members) {
        var fields = new LinkedHashMap<String, Field>();
        int size = 0;
        int next = 0;
        int alignment = 1;
        for (var member : presentIn(abi, members)) {
            int at = union ? 0 : next;
            int align = alignment(abi, member);
            at = alignUp(at, align);
            next = at + place(abi, member, at, fields);
            size = Math.max(size, next);
            alignment = Math.max(alignment, align);
        }
        return new Layout(alignUp(size, alignment), alignment, Collections.unmodifiableMap(fields));
    }

    private static List<Member> presentIn(Abi abi, List<Member> members) {
        var present = new ArrayList<Member>();
        for (var member : members) {
            switch (member) {
                case Only only when only.abi == abi -> present.add(only.member);
                case Only _ -> {}
                case Scalar _, Nested _ -> present.add(member);
            }
        }
        return present;
    }

    private static int alignment(Abi abi, Member member) {
        return switch (member) {
            case Scalar scalar when scalar.kind == Kind.LONG -> abi.longBytes();
            case Scalar scalar when scalar.bytes == 8 -> abi.longLongAlignment();
            case Scalar scalar -> scalar.bytes;
            case Nested inner -> inner.struct.layouts.get(abi).alignment;
            case Only _ -> throw new Bug("what one ABI has is laid out as what it is");
        };
    }

    /// Adds the fields of `member` at offset `at`; returns its size.
    private static int place(Abi abi, Member member, int at, Map<String, Field> fields) {
        switch (member) {
            case Scalar scalar -> {
                int bytes = scalar.kind == Kind.LONG ? abi.longBytes() : scalar.bytes;
                fields.put(scalar.name, new Field(at, bytes, scalar.count));
                return bytes * scalar.count;
            }
            case Nested inner -> {
                var layout = inner.struct.layouts.get(abi);
                layout.fields.forEach((name, field) ->
                        fields.put(
                                inner.name + "." + name,
                                new Field(at + field.offset, field.width, field.count)));
                return layout.size;
            }
            case Only _ -> throw new Bug("what one ABI has is laid out as what it is");
        }
    }

    private static int alignUp(int value, int alignment) {
        return (value + alignment - 1) & -alignment;
    }

    /// The C type.
    public String name() {
        return name;
    }

    /// Bytes of the structure, trailing padding included.
    public int size(Abi abi) {
        return layouts.get(abi).size;
    }

    /// Names of the scalar members that both ABIs have, in the order of the header.
    public List<String> fields() {
        return new ArrayList<>(layouts.get(Abi.X86_64).fields.keySet());
    }

    /// Bytes from the start of the structure to `field`.
    public int offset(Abi abi, String field) {
        return field(abi, field).offset;
    }

    /// Bytes of `field`, or of one element of it.
    public int bytes(Abi abi, String field) {
        return field(abi, field).width;
    }

    /// A member; those who use it often keep it.
    public Field field(Abi abi, String name) {
        var field = layouts.get(abi).fields.get(name);
        if (field == null) {
            throw new Bug(this.name + " has no member " + name);
        }
        return field;
    }

    /// A scalar member, or an array of them, in bytes that have the structure's layout;
    /// little-endian.
    public static final class Field {
        private final int offset;
        private final int width;
        private final int count;

        private Field(int offset, int width, int count) {
            this.offset = offset;
            this.width = width;
            this.count = count;
        }

        /// Its value in the structure that begins at byte `from`, zero-extended.
        public long get(byte[] bytes, int from) {
            return load(bytes, from + offset, width);
        }

        /// The same in one that `bytes` begin with.
        public long get(byte[] bytes) {
            return get(bytes, 0);
        }

        /// A member of at most four bytes as an `int`, zero-extended from its width.
        public int getInt(byte[] bytes) {
            return (int) get(bytes, 0);
        }

        /// Element `index` of an array, zero-extended, in the structure that `bytes` begin with.
        public long getElement(byte[] bytes, int index) {
            return load(bytes, element(index), width);
        }

        /// Stores the low bytes of `value` in the structure that `bytes` begin with.
        public void set(byte[] bytes, long value) {
            store(bytes, offset, width, value);
        }

        private void setElement(byte[] bytes, int index, long value) {
            store(bytes, element(index), width, value);
        }

        private int element(int index) {
            Bug.check(index >= 0 && index < count, "an index is within its array");
            return offset + index * width;
        }

        private static long load(byte[] bytes, int at, int width) {
            long value = 0;
            for (int i = width - 1; i >= 0; i--) {
                value = value << 8 | bytes[at + i] & 0xFF;
            }
            return value;
        }

        private static void store(byte[] bytes, int at, int width, long value) {
            for (int i = 0; i < width; i++) {
                bytes[at + i] = (byte) (value >>> 8 * i);
            }
        }
    }

    /// A copy of this structure, all zero.
    public View blank(Abi abi) {
        return new View(abi, new byte[size(abi)]);
    }

    /// A view of `bytes`, which has the size of this structure or more.
    public View view(Abi abi, byte[] bytes) {
        Bug.check(bytes.length >= size(abi), "a view covers the structure");
        return new View(abi, bytes);
    }

    /// Typed access to one copy of the structure, little-endian. Not thread-safe.
    public final class View {
        private final Abi abi;
        private final byte[] bytes;

        private View(Abi abi, byte[] bytes) {
            this.abi = abi;
            this.bytes = bytes;
        }

        /// The copy itself, not a copy of it.
        public byte[] bytes() {
            return bytes;
        }

        /// The member's value, zero-extended.
        public long get(String field) {
            return field(abi, field).get(bytes);
        }

        /// Element `index` of an array member, zero-extended.
        public long get(String field, int index) {
            return field(abi, field).getElement(bytes, index);
        }

        /// A member of at most four bytes as an `int`, zero-extended from its width.
        public int getInt(String field) {
            return (int) get(field);
        }

        /// Stores the low bytes of `value`.
        public View set(String field, long value) {
            field(abi, field).set(bytes, value);
            return this;
        }

        public View set(String field, int index, long value) {
            field(abi, field).setElement(bytes, index, value);
            return this;
        }
    }
}
