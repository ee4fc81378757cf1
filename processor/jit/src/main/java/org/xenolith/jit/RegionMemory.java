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
/// cache ([PageCache]). If it is another page, or the access is not aligned, a stub at the end of
/// the method looks into the translation cache, fills the page cache, and comes back; if that does
/// not have it, the region is left. An access without a page cache always looks there.
///
/// Benchmark: the kernels of `bench`.
final class RegionMemory {
    private static final ClassDesc INT = ConstantDescs.CD_int;
    private static final ClassDesc LONG = ConstantDescs.CD_long;
    private static final ClassDesc VOID = ConstantDescs.CD_void;

    /// An access whose page was not in its page cache.
    private record Stub(
            Label label, Label back, PageCache cache, boolean write, int bytes, Label miss) {}

    /// A page that is not at its first place is looked for at its second.
    private record SecondLook(Label label, Label back, int tags, Label miss) {}

    private final MemoryAccess access;
    private final ConstantDesc memoryConstant;
    private final ClassDesc owner;
    private final List<Stub> stubs = new ArrayList<>();
    private final List<SecondLook> secondLooks = new ArrayList<>();
    private final List<PageCache> caches = new ArrayList<>();

    /// The length of the arrays less one. HotSpot knows that what is masked by it is an index.
    private final int indexMask;

    private final int address;

    /// The page of an access's last byte.
    private final int tag;

    private final int index;

    /// @param shared which accesses share page caches
    RegionMemory(CodeBuilder code, MemoryAccess access, PageCaches shared) {
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
        index = code.allocateLocal(TypeKind.INT);
        indexMask = code.allocateLocal(TypeKind.INT);
        address = code.allocateLocal(TypeKind.LONG);
        tag = code.allocateLocal(TypeKind.LONG);
        for (int cache = 0; cache < shared.count(); cache++) {
            caches.add(
                    shared.isForTables(cache)
                            ? PageCache.Two.allocate(code)
                            : PageCache.One.allocate(code));
        }
    }

    /// At the entry.
    void enter(CodeBuilder code) {
        code.aload(RegionClass.READ_TAGS).arraylength().iconst_1().isub().istore(indexMask);
        caches.forEach(cache -> cache.enter(code));
    }

    /// At the end: what was put off.
    void leave(CodeBuilder code) {
        for (var stub : stubs) {
            code.labelBinding(stub.label);
            lookUp(code, stub.write, stub.bytes, stub.miss);
            int tags = tags(stub.write);
            stub.cache.fill(
                    code,
                    address,
                    () -> code.aload(tags).iload(index).laload(),
                    () -> pushDelta(code));
            code.goto_(stub.back);
        }
        secondLooks.forEach(look -> emit(code, look));
    }

    /// Goes to `miss` unless the address variable is in the translation cache, where `index` is
    /// then its place.
    private void lookUp(CodeBuilder code, boolean write, int bytes, Label miss) {
        code.lload(address).loadConstant(TranslationCache.PAGE_SHIFT).lushr().l2i();
        code.loadConstant(TranslationCache.FIRST_MASK).iand();
        code.iload(indexMask).iand().istore(index);
        code.lload(address);
        if (bytes > 1) {
            code.loadConstant((long) bytes - 1).ladd();
        }
        code.loadConstant(PageCache.PAGE_MASK).land().lstore(tag);
        var look = new SecondLook(code.newLabel(), code.newLabel(), tags(write), miss);
        secondLooks.add(look);
        code.aload(look.tags).iload(index).laload().lload(tag).lcmp().ifne(look.label);
        code.labelBinding(look.back);
    }

    private static int tags(boolean write) {
        return write ? RegionClass.WRITE_TAGS : RegionClass.READ_TAGS;
    }

    private void emit(CodeBuilder code, SecondLook look) {
        code.labelBinding(look.label);
        code.lload(tag).lload(address).lxor().loadConstant(PageCache.PAGE_MASK).land();
        code.lconst_0().lcmp().ifne(look.miss);
        code.lload(tag).loadConstant(TranslationCache.PAGE_SHIFT).lushr().l2i();
        code.lload(tag);
        code.loadConstant(TranslationCache.PAGE_SHIFT + TranslationCache.SECOND_SHIFT);
        code.lushr().l2i().ixor().loadConstant(TranslationCache.SECOND_MASK).iand();
        code.loadConstant(TranslationCache.SECOND_BASE).iadd();
        code.iload(indexMask).iand().istore(index);
        code.aload(look.tags).iload(index).laload().lload(tag).lcmp().ifne(look.miss);
        code.goto_(look.back);
    }

    private void pushDelta(CodeBuilder code) {
        code.aload(RegionClass.OFFSETS).iload(index).laload();
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
        var pages = caches.get(cache);
        var stub = new Stub(code.newLabel(), code.newLabel(), pages, write, bytes, miss);
        stubs.add(stub);
        pages.find(code, address, bytes, stub.label);
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
            caches.get(cache).pushDelta(code);
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
