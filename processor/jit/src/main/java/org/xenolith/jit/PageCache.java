package org.xenolith.jit;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;

/// Pages that accesses have found, in local variables of a region: where they are in the guest, and
/// what leads from linear addresses there to memory (their *delta*). **Hot path.** Benchmark: the
/// kernels of `bench`, `crc` and `interp` above all.
sealed interface PageCache {
    long PAGE_MASK = -4096L;

    /// No masked address equals it, nor is a page behind it: masks keep the page's bits and those
    /// below the access's size.
    long EMPTY = 1 << 11;

    /// At the region's entry.
    void enter(CodeBuilder code);

    /// Goes to `otherwise` unless a page that is here has the address, and that is aligned.
    ///
    /// @param address a variable
    void find(CodeBuilder code, int address, int bytes, Label otherwise);

    /// After [#find] or [#fill]: the delta of the page that has been found.
    void pushDelta(CodeBuilder code);

    /// A page has been found elsewhere: it is remembered.
    ///
    /// @param address a variable
    /// @param page pushes the page's linear address
    /// @param delta pushes its delta
    void fill(CodeBuilder code, int address, Runnable page, Runnable delta);

    /// One page, for accesses that stay on it.
    record One(int page, int delta) implements PageCache {
        static One allocate(CodeBuilder code) {
            return new One(local(code), local(code));
        }

        @Override
        public void enter(CodeBuilder code) {
            code.loadConstant(EMPTY).lstore(page);
            code.lconst_0().lstore(delta);
        }

        @Override
        public void find(CodeBuilder code, int address, int bytes, Label otherwise) {
            code.lload(address).loadConstant(PAGE_MASK | bytes - 1).land();
            code.lload(page).lcmp().ifne(otherwise);
        }

        @Override
        public void pushDelta(CodeBuilder code) {
            code.lload(delta);
        }

        @Override
        public void fill(CodeBuilder code, int address, Runnable found, Runnable foundDelta) {
            found.run();
            code.lstore(page);
            foundDelta.run();
            code.lstore(delta);
        }
    }

    /// A page and, perhaps, the one behind it, for accesses that go to either as data will have it:
    /// which of them is no branch, since the host could not foresee it.
    ///
    /// @param delta of the first page
    /// @param step what a byte of the way from the first page to the second adds to the delta
    /// @param mask of what an access may not be away from the first page
    /// @param distance from the first page to that of the last access: 0 or a page
    record Two(int page, int delta, int step, int mask, int distance) implements PageCache {
        private static final long BOTH = ~(1L << TranslationCache.PAGE_SHIFT);

        static Two allocate(CodeBuilder code) {
            return new Two(local(code), local(code), local(code), local(code), local(code));
        }

        @Override
        public void enter(CodeBuilder code) {
            code.loadConstant(EMPTY).lstore(page);
            code.lconst_0().lstore(delta);
            code.lconst_0().lstore(step);
            code.loadConstant(-1L).lstore(mask);
            code.lconst_0().lstore(distance);
        }

        @Override
        public void find(CodeBuilder code, int address, int bytes, Label otherwise) {
            pushDistance(code, address, PAGE_MASK | bytes - 1);
            code.dup2().lstore(distance);
            code.lload(mask).land().lconst_0().lcmp().ifne(otherwise);
        }

        private void pushDistance(CodeBuilder code, int address, long kept) {
            code.lload(address).loadConstant(kept).land().lload(page).lsub();
        }

        @Override
        public void pushDelta(CodeBuilder code) {
            code.lload(distance).lload(step).lmul().lload(delta).ladd();
        }

        @Override
        public void fill(CodeBuilder code, int address, Runnable found, Runnable foundDelta) {
            var other = code.newLabel();
            var done = code.newLabel();
            found.run();
            code.lload(page)
                    .lsub()
                    .loadConstant(1L << TranslationCache.PAGE_SHIFT)
                    .lcmp()
                    .ifne(other);
            foundDelta.run();
            code.lload(delta).lsub().loadConstant(TranslationCache.PAGE_SHIFT).lshr().lstore(step);
            code.loadConstant(BOTH).lstore(mask).goto_(done);
            code.labelBinding(other);
            found.run();
            code.lstore(page);
            foundDelta.run();
            code.lstore(delta);
            code.lconst_0().lstore(step);
            code.loadConstant(-1L).lstore(mask);
            code.labelBinding(done);
            pushDistance(code, address, PAGE_MASK);
            code.lstore(distance);
        }
    }

    private static int local(CodeBuilder code) {
        return code.allocateLocal(TypeKind.LONG);
    }
}
