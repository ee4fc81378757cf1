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

    /// Where a scalar member is: `bytes` is the size of one element of `count`.
    private record Place(int offset, int bytes, int count) {}

    private record Layout(int size, int alignment, Map<String, Place> places) {}

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
        var places = new LinkedHashMap<String, Place>();
        int size = 0;
        int next = 0;
        int alignment = 1;
        for (var member : presentIn(abi, members)) {
            int at = union ? 0 : next;
            int align = alignment(abi, member);
            at = alignUp(at, align);
            next = at + place(abi, member, at, places);
            size = Math.max(size, next);
            alignment = Math.max(alignment, align);
        }
        return new Layout(alignUp(size, alignment), alignment, Collections.unmodifiableMap(places));
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

    /// Adds the places of `member` at offset `at`; returns its size.
    private static int place(Abi abi, Member member, int at, Map<String, Place> places) {
        switch (member) {
            case Scalar scalar -> {
                int bytes = scalar.kind == Kind.LONG ? abi.longBytes() : scalar.bytes;
                places.put(scalar.name, new Place(at, bytes, scalar.count));
                return bytes * scalar.count;
            }
            case Nested inner -> {
                var layout = inner.struct.layouts.get(abi);
                layout.places.forEach((field, place) ->
                        places.put(
                                inner.name + "." + field,
                                new Place(at + place.offset, place.bytes, place.count)));
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
        return new ArrayList<>(layouts.get(Abi.X86_64).places.keySet());
    }

    /// Bytes from the start of the structure to `field`.
    public int offset(Abi abi, String field) {
        return place(abi, field).offset;
    }

    /// Bytes of `field`, or of one element of it.
    public int bytes(Abi abi, String field) {
        return place(abi, field).bytes;
    }

    private Place place(Abi abi, String field) {
        var place = layouts.get(abi).places.get(field);
        if (place == null) {
            throw new Bug(name + " has no member " + field);
        }
        return place;
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
            var place = place(abi, field);
            return load(place.offset, place.bytes);
        }

        /// Element `index` of an array member, zero-extended.
        public long get(String field, int index) {
            var place = place(abi, field);
            Bug.check(index >= 0 && index < place.count, "an index is within its array");
            return load(place.offset + index * place.bytes, place.bytes);
        }

        /// A member of at most four bytes as an `int`, zero-extended from its width.
        public int getInt(String field) {
            return (int) get(field);
        }

        /// Stores the low bytes of `value`.
        public View set(String field, long value) {
            var place = place(abi, field);
            store(place.offset, place.bytes, value);
            return this;
        }

        public View set(String field, int index, long value) {
            var place = place(abi, field);
            Bug.check(index >= 0 && index < place.count, "an index is within its array");
            store(place.offset + index * place.bytes, place.bytes, value);
            return this;
        }

        private long load(int offset, int width) {
            long value = 0;
            for (int i = width - 1; i >= 0; i--) {
                value = value << 8 | bytes[offset + i] & 0xFF;
            }
            return value;
        }

        private void store(int offset, int width, long value) {
            for (int i = 0; i < width; i++) {
                bytes[offset + i] = (byte) (value >>> 8 * i);
            }
        }
    }
}
