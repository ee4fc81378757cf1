package org.xenolith.jit;

import org.xenolith.ir.Width;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DynamicConstantDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/// How a region reaches memory: the one home of that shape. An access finds its page in a page
/// cache, two local variables: the page's linear address ([#EMPTY] if none) and what leads from
/// linear addresses to memory. If it is another page, or the access is not aligned, a stub at the
/// end of the method looks into the translation cache, fills the page cache, and comes back; if
/// that does not have it, the region is left. An access without a page cache always looks there.
///
/// Benchmark: the kernels of `bench`.
final class RegionMemory {
    private static final ClassDesc INT = ConstantDescs.CD_int;
    private static final ClassDesc LONG = ConstantDescs.CD_long;
    private static final ClassDesc VOID = ConstantDescs.CD_void;
    private static final long PAGE_MASK = -4096L;
    private static final int PAGE_SHIFT = 12;

    /// No masked address equals it: masks keep the page's bits and those below the access's size.
    private static final long EMPTY = 1 << 11;

    /// An access whose page was not in its page cache.
    private record Stub(Label label, Label back, int cache, boolean write, int bytes, Label miss) {}

    private final MemoryAccess access;
    private final ConstantDesc memoryConstant;
    private final ClassDesc owner;
    private final List<Stub> stubs = new ArrayList<>();
    private final int[] pages;
    private final int[] deltas;
    private final int indexMask;
    private final int address;
    private final int index;

    /// @param caches how many page caches there are
    RegionMemory(CodeBuilder code, MemoryAccess access, int caches) {
        this.access = access;
        owner = Calls.describe(access.owner());
        memoryConstant =
                access.memory()
                        .map(memory ->
                                DynamicConstantDesc.ofNamed(
                                        ConstantDescs.BSM_CLASS_DATA,
                                        ConstantDescs.DEFAULT_NAME,
                                        Calls.describe(memory.type())))
                        .orElse(null);
        indexMask = code.allocateLocal(TypeKind.INT);
        index = code.allocateLocal(TypeKind.INT);
        address = code.allocateLocal(TypeKind.LONG);
        pages = new int[caches];
        deltas = new int[caches];
        for (int cache = 0; cache < caches; cache++) {
            pages[cache] = code.allocateLocal(TypeKind.LONG);
            deltas[cache] = code.allocateLocal(TypeKind.LONG);
        }
    }

    /// At the entry.
    void enter(CodeBuilder code) {
        code.aload(RegionClass.READ_TAGS).arraylength().iconst_1().isub().istore(indexMask);
        for (int cache = 0; cache < pages.length; cache++) {
            code.loadConstant(EMPTY).lstore(pages[cache]);
            code.lconst_0().lstore(deltas[cache]);
        }
    }

    /// At the end: what was put off.
    void leave(CodeBuilder code) {
        for (var stub : stubs) {
            code.labelBinding(stub.label);
            lookUp(code, stub.write, stub.bytes, stub.miss);
            code.aload(stub.write ? RegionClass.WRITE_TAGS : RegionClass.READ_TAGS);
            code.iload(index).laload().lstore(pages[stub.cache]);
            pushDelta(code);
            code.lstore(deltas[stub.cache]).goto_(stub.back);
        }
    }

    /// Goes to `miss` unless the address variable is in the translation cache, where `index` is
    /// then its place.
    private void lookUp(CodeBuilder code, boolean write, int bytes, Label miss) {
        code.lload(address).loadConstant(PAGE_SHIFT).lushr().l2i();
        code.iload(indexMask).iand().istore(index);
        code.aload(write ? RegionClass.WRITE_TAGS : RegionClass.READ_TAGS);
        code.iload(index).laload().lload(address);
        if (bytes > 1) {
            code.loadConstant((long) bytes - 1).ladd();
        }
        code.loadConstant(PAGE_MASK).land().lcmp().ifne(miss);
    }

    private void pushDelta(CodeBuilder code) {
        code.aload(RegionClass.OFFSETS).iload(index).laload();
        if (access.base() != 0) {
            code.loadConstant(access.base()).ladd();
        }
    }

    /// Goes to `miss` unless there is a translation for the `bytes` bytes at `target`.
    private void find(
            CodeBuilder code, int cache, boolean write, int bytes, Runnable target, Label miss) {
        target.run();
        code.lstore(address);
        if (cache < 0) {
            lookUp(code, write, bytes, miss);
            return;
        }
        var stub = new Stub(code.newLabel(), code.newLabel(), cache, write, bytes, miss);
        stubs.add(stub);
        code.lload(address).loadConstant(PAGE_MASK | bytes - 1).land();
        code.lload(pages[cache]).lcmp().ifne(stub.label);
        code.labelBinding(stub.back);
    }

    /// Pushes the memory, if accesses take it, and the place that [#find] has found, plus
    /// `displacement`.
    private void pushPlace(CodeBuilder code, int cache, long displacement) {
        if (memoryConstant != null) {
            code.loadConstant(memoryConstant);
        }
        if (cache < 0) {
            pushDelta(code);
        } else {
            code.lload(deltas[cache]);
        }
        code.lload(address).ladd();
        if (displacement != 0) {
            code.loadConstant(displacement).ladd();
        }
    }

    private void access(CodeBuilder code, String name, ClassDesc result, ClassDesc... parameters) {
        var type = MethodTypeDesc.of(result, parameters).insertParameterTypes(0, LONG);
        if (access.memory().isPresent()) {
            type = type.insertParameterTypes(0, Calls.describe(access.memory().get().type()));
        }
        code.invokestatic(owner, name, type);
    }

    void pushLoad(CodeBuilder code, int cache, Width width, Runnable target, Label miss) {
        find(code, cache, false, width.bytes(), target, miss);
        pushPlace(code, cache, 0);
        access(code, "get" + width.bits(), LONG);
    }

    void store(
            CodeBuilder code, int cache, Width width, Runnable target, Runnable value, Label miss) {
        find(code, cache, true, width.bytes(), target, miss);
        pushPlace(code, cache, 0);
        value.run();
        access(code, "set" + width.bits(), VOID, LONG);
    }

    void storePair(
            CodeBuilder code, int cache, Runnable target, Runnable low, Runnable high, Label miss) {
        find(code, cache, true, 2 * Long.BYTES, target, miss);
        pushPlace(code, cache, 0);
        low.run();
        access(code, "set64", VOID, LONG);
        pushPlace(code, cache, Long.BYTES);
        high.run();
        access(code, "set64", VOID, LONG);
    }

    /// Goes to `miss` too if memory does not hold what is expected.
    void storeConditional(
            CodeBuilder code,
            int cache,
            Width width,
            Runnable target,
            Runnable expected,
            Runnable value,
            Label miss) {
        find(code, cache, true, width.bytes(), target, miss);
        pushPlace(code, cache, 0);
        code.loadConstant(width.bytes());
        expected.run();
        value.run();
        access(code, "compareAndSet", ConstantDescs.CD_boolean, INT, LONG, LONG);
        code.ifeq(miss);
    }
}
