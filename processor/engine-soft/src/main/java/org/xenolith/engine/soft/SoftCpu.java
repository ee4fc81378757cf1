package org.xenolith.engine.soft;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.baseline.MachineRegion;
import org.xenolith.baseline.PageMoves;
import org.xenolith.engine.Exit;
import org.xenolith.ir.Abort;
import org.xenolith.ir.Enters;
import org.xenolith.jit.TranslationCache;
import org.xenolith.memory.GuestMemory;
import org.xenolith.x86.Bits;
import org.xenolith.x86.Cpu;
import org.xenolith.x86.Registers;
import org.xenolith.x86.Segments;
import org.xenolith.x86.SystemCalls;
import org.xenolith.x86.Trap;
import org.xenolith.x86.View;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/// The processor's memory side: TLB, page walks, access to frames, and everything that leaves the
/// engine. **Hot path.**
sealed class SoftCpu extends Cpu permits ApartCpu {
    /// Ticks of the guest's TSC in a nanosecond: 1 GHz, so that no scaling is needed.
    static final long TSC_KHZ = 1_000_000;

    private static final long PAGE_MASK = -4096L;

    /// After how many PAUSEs the vCPU leaves.
    private static final int PAUSES_IN_A_LOOP = 32;

    /// Tags that no access finds.
    private static final long[] NO_TAGS = new long[TranslationCache.LENGTH];

    static {
        Arrays.fill(NO_TAGS, TranslationCache.EMPTY);
    }

    private final GuestMemory memory;
    private final MemorySegment segment;
    private final CodeCache code;
    private final TimeStampCounter tsc;
    private final Entropy entropy;
    private final PageWalk walk;

    /// That of [View#SUPERVISOR] is in use only where CR4.SMAP is set.
    private final Tlbs tlbs;

    private final PageMoves moves = this::moved;

    /// The view that everything here is set up for.
    private int knownView;

    // The TLB of the current access mode, spread out.
    private int accessMode = View.SUPERVISOR_OVERRIDE;
    private long[] readTags;
    private long[] writeTags;
    private long[] offsets;
    private long[] distances;

    // Every access of the program's takes the slow path, since something must be told of it.
    private boolean watchesData;
    private boolean checksAlignment;

    // The code segment that `codePages` know of.
    private long codeBase;
    private int codeLimit;

    /// PAUSEs so far.
    private int pauses;

    /// Does something while no other vCPU executes code, see [Standstill].
    private final Consumer<Runnable> alone;

    final Answers answers = new Answers();

    /// Set by an instruction that is complete but after which the vCPU must leave.
    Exit exitAfter;

    private final CodePages codePages = new CodePages();

    /// @param base what compiled regions want added to places in memory
    SoftCpu(
            GuestMemory memory,
            long base,
            CodeCache code,
            Clock clock,
            Entropy entropy,
            AtomicLong commonTscOffset,
            Consumer<Runnable> alone) {
        this.memory = memory;
        this.tlbs = new Tlbs(base);
        this.segment = memory.segment();
        this.code = code;
        this.tsc = new TimeStampCounter(clock, commonTscOffset);
        this.entropy = entropy;
        this.alone = alone;
        this.walk = new PageWalk(this, memory);
        showTscOffset();
        accessModeChanged();
    }

    GuestMemory memory() {
        return memory;
    }

    PageWalk walk() {
        return walk;
    }

    /// Machine code may have moved pages in the arrays that it looks into, and changed the view,
    /// which have then to be known here.
    void catchUpWithCode() {
        MachineRegion.tellMoves(this, moves);
        if (registers[Registers.VIEW] != knownView || registers[Registers.STALE_SEGMENTS] != 0) {
            SystemCalls.catchUp(this);
        }
    }

    private void moved(int view, int from, int first, int to) {
        tlbs.of(modeOf(view)).moved(from, first, to);
    }

    // The same, for compiled regions.

    long[] readTags() {
        return readTags;
    }

    long[] writeTags() {
        return writeTags;
    }

    long[] distances() {
        return distances;
    }

    // ---------------------------------------------------------------- the fast path

    @Override
    public long load8(long address) {
        int index = TranslationCache.first(address);
        if (readTags[index] == (address & PAGE_MASK)) {
            return HostAccess.get8(segment, offsets[index] + address);
        }
        return loadMissed(address, 1);
    }

    @Override
    public long load16(long address) {
        int index = TranslationCache.first(address);
        if (readTags[index] == (address + 1 & PAGE_MASK)) {
            return HostAccess.get16(segment, offsets[index] + address);
        }
        return loadMissed(address, 2);
    }

    @Override
    public long load32(long address) {
        int index = TranslationCache.first(address);
        if (readTags[index] == (address + 3 & PAGE_MASK)) {
            return HostAccess.get32(segment, offsets[index] + address);
        }
        return loadMissed(address, 4);
    }

    @Override
    public long load64(long address) {
        int index = TranslationCache.first(address);
        if (readTags[index] == (address + 7 & PAGE_MASK)) {
            return HostAccess.get64(segment, offsets[index] + address);
        }
        return loadMissed(address, 8);
    }

    @Override
    public void store8(long address, long value) {
        int index = TranslationCache.first(address);
        if (writeTags[index] == (address & PAGE_MASK)) {
            HostAccess.set8(segment, offsets[index] + address, value);
            return;
        }
        storeMissed(address, 1, value);
    }

    @Override
    public void store16(long address, long value) {
        int index = TranslationCache.first(address);
        if (writeTags[index] == (address + 1 & PAGE_MASK)) {
            HostAccess.set16(segment, offsets[index] + address, value);
            return;
        }
        storeMissed(address, 2, value);
    }

    @Override
    public void store32(long address, long value) {
        int index = TranslationCache.first(address);
        if (writeTags[index] == (address + 3 & PAGE_MASK)) {
            HostAccess.set32(segment, offsets[index] + address, value);
            return;
        }
        storeMissed(address, 4, value);
    }

    @Override
    public void store64(long address, long value) {
        int index = TranslationCache.first(address);
        if (writeTags[index] == (address + 7 & PAGE_MASK)) {
            HostAccess.set64(segment, offsets[index] + address, value);
            return;
        }
        storeMissed(address, 8, value);
    }

    @Override
    public void storePair(long address, long low, long high) {
        probeWrite(address, 16);
        store64(address, low);
        store64(wrap(address + 8), high);
    }

    @Override
    public void storeConditional(int bits, long address, long expected, long value) {
        int bytes = bits >>> 3;
        observe(address, bytes, true);
        if (!HostAccess.isWithinWord(address, bytes)) {
            alone.accept(() -> {
                if (loadSlow(address, bytes, accessMode) != expected) {
                    throw Abort.restart();
                }
                storeSlow(address, bytes, value, accessMode);
            });
            return;
        }
        long host = resolve(address, PageWalk.WRITE, accessMode);
        if (host < 0) {
            storeSlow(address, bytes, value, accessMode);
            return;
        }
        if (!HostAccess.compareAndSet(segment, host, bytes, expected, value)) {
            throw Abort.restart();
        }
        noticeWrite(host, bytes);
    }

    @Override
    public void storePairConditional(
            long address, long expectedLow, long expectedHigh, long low, long high) {
        alone.accept(() -> {
            if (load64(address) != expectedLow || load64(address + 8) != expectedHigh) {
                throw Abort.restart();
            }
            storePair(address, low, high);
        });
    }

    // ---------------------------------------------------------------- the slow path

    private long wrap(long linear) {
        return longActive() ? linear : linear & 0xFFFF_FFFFL;
    }

    /// The byte of the segment behind an address, or the complement of the guest-physical address
    /// if no frame is there. Fills the TLB. Throws what the access raises.
    private long resolve(long linear, int access, int mode) {
        var tlb = tlbs.of(mode);
        long page = linear & PAGE_MASK;
        int index = Tlb.find(access == PageWalk.WRITE ? tlb.writeTags : tlb.readTags, page);
        if (index >= 0) {
            return tlb.offsets[index] + linear;
        }
        if (!isCanonical(linear)) {
            throw Trap.nonCanonical(linear);
        }
        var found =
                walk.translate(linear, access, mode == View.USER, mode == View.SUPERVISOR_OVERRIDE);
        int frame = memory.frameAt(found.gpa() >>> 12);
        if (frame < 0) {
            return ~found.gpa();
        }
        long host = (long) frame << 12;
        boolean write = access == PageWalk.WRITE;
        if (write) {
            memory.markDirty(frame);
        }
        tlb.put(page, host, write && found.dirty() && !memory.isWatched(frame), found);
        return host | linear & 4095;
    }

    @Override
    public boolean translate(long page, boolean write) {
        catchUpWithCode();
        if (isObserving()) {
            return false;
        }
        try {
            resolve(page, write ? PageWalk.WRITE : PageWalk.READ, accessMode);
        } catch (Trap fault) {
            return false; // raised when the instruction is executed by other means
        }
        var tlb = tlbs.of(accessMode);
        return Tlb.find(write ? tlb.writeTags : tlb.readTags, page) >= 0;
    }

    private long loadMissed(long address, int bytes) {
        observe(address, bytes, false);
        return loadSlow(address, bytes, accessMode);
    }

    private void storeMissed(long address, int bytes, long value) {
        observe(address, bytes, true);
        storeSlow(address, bytes, value, accessMode);
    }

    /// For an access that `crosses` into another page, which must be canonical before either
    /// faults.
    private void requireCanonical(long linear, boolean crosses) {
        if (crosses && !isCanonical((linear & PAGE_MASK) + 4096)) {
            throw Trap.nonCanonical(linear);
        }
    }

    private boolean isCanonical(long linear) {
        return !longActive() || linear << 16 >> 16 == linear;
    }

    /// Alignment check (SDM vol. 3A, 7.15, #AC) and data breakpoints.
    private void observe(long address, int bytes, boolean write) {
        checkAlignment(address, bytes);
        if (watchesData) {
            pendingDebug |= DebugRegisters.dataBreakpoints(this, address, bytes, write);
        }
    }

    private void checkAlignment(long address, int bytes) {
        if (checksAlignment && (address & bytes - 1) != 0 && isCanonical(address)) {
            throw Trap.of(Trap.ALIGNMENT_CHECK, 0);
        }
    }

    private boolean isObserving() {
        return watchesData || checksAlignment;
    }

    private long loadSlow(long address, int bytes, int mode) {
        int first = (int) Math.min(bytes, 4096 - (address & 4095));
        requireCanonical(address, first < bytes);
        long host = resolve(address, PageWalk.READ, mode);
        if (first == bytes) {
            return loadPart(host, bytes);
        }
        long secondHost = resolve(wrap(address + first), PageWalk.READ, mode);
        long low = loadPart(host, first);
        return low | loadPart(secondHost, bytes - first) << first * 8;
    }

    private long loadPart(long host, int bytes) {
        if (host >= 0) {
            return HostAccess.get(segment, host, bytes);
        }
        long gpa = ~host;
        if (Integer.bitCount(bytes) == 1) {
            long value = answers.take(new Exit.MmioRead(gpa, bytes));
            return bytes == 8 ? value : value & (1L << bytes * 8) - 1;
        }
        long value = 0;
        for (int index = 0; index < bytes; index++) {
            long part = answers.take(new Exit.MmioRead(gpa + index, 1)) & 0xFF;
            value |= part << index * 8;
        }
        return value;
    }

    private void storeSlow(long address, int bytes, long value, int mode) {
        int first = (int) Math.min(bytes, 4096 - (address & 4095));
        requireCanonical(address, first < bytes);
        long host = resolve(address, PageWalk.WRITE, mode);
        if (first == bytes) {
            storePart(host, bytes, value);
            return;
        }
        long secondHost = resolve(wrap(address + first), PageWalk.WRITE, mode);
        storePart(host, first, value);
        storePart(secondHost, bytes - first, value >>> first * 8);
    }

    private void storePart(long host, int bytes, long value) {
        if (host >= 0) {
            HostAccess.set(segment, host, bytes, value);
            noticeWrite(host, bytes);
            return;
        }
        long gpa = ~host;
        if (Integer.bitCount(bytes) == 1) {
            long part = bytes == 8 ? value : value & (1L << bytes * 8) - 1;
            answers.take(new Exit.MmioWrite(gpa, bytes, part));
            return;
        }
        for (int index = 0; index < bytes; index++) {
            answers.take(new Exit.MmioWrite(gpa + index, 1, value >>> index * 8 & 0xFF));
        }
    }

    private void noticeWrite(long host, int bytes) {
        if (memory.isWatched((int) (host >>> 12))) {
            code.written(host, bytes);
        }
    }

    // ---------------------------------------------------------------- other accesses

    @Override
    public long loadSystem(int bits, long linear) {
        return loadSlow(linear, bits >>> 3, systemMode());
    }

    @Override
    public void storeSystem(int bits, long linear, long value) {
        storeSlow(linear, bits >>> 3, value, systemMode());
    }

    /// The number of the TLB of a view.
    private int modeOf(int view) {
        return view == View.SUPERVISOR ? systemMode() : view;
    }

    /// Implicit supervisor accesses are not excused by AC.
    private int systemMode() {
        return (cr4 & Bits.CR4_SMAP) != 0 ? View.SUPERVISOR : View.SUPERVISOR_OVERRIDE;
    }

    @Override
    public void probeWrite(long linear, int bytes) {
        probe(linear, bytes, PageWalk.WRITE);
    }

    @Override
    public void probeRead(long linear, int bytes) {
        probe(linear, bytes, PageWalk.READ);
    }

    private void probe(long linear, int bytes, int access) {
        if (bytes <= 8 && Integer.bitCount(bytes) == 1) {
            checkAlignment(linear, bytes);
        }
        long last = wrap(linear + bytes - 1);
        boolean crosses = (last & PAGE_MASK) != (linear & PAGE_MASK);
        requireCanonical(linear, crosses);
        resolve(linear, access, accessMode);
        if (crosses) {
            resolve(last & PAGE_MASK, access, accessMode);
        }
    }

    @Override
    public boolean copyWithinPage(long from, long to, int bytes) {
        if (isObserving()) {
            return false;
        }
        long source = resolve(from, PageWalk.READ, accessMode);
        long target = resolve(to, PageWalk.WRITE, accessMode);
        if (source < 0 || target < 0) {
            return false;
        }
        if (target - source != to - from && Math.abs(target - source) < bytes) {
            return false;
        }
        VarHandle.releaseFence();
        MemorySegment.copy(segment, source, segment, target, bytes);
        VarHandle.acquireFence();
        noticeWrite(target, bytes);
        return true;
    }

    @Override
    public boolean fillWithinPage(long to, int bits, long value, int count) {
        if (isObserving()) {
            return false;
        }
        long target = resolve(to, PageWalk.WRITE, accessMode);
        if (target < 0) {
            return false;
        }
        int bytes = bits >>> 3;
        long pattern = value & -1L >>> (64 - bits);
        boolean uniform = pattern == (pattern & 0xFF) * (0x0101_0101_0101_0101L >>> (64 - bits));
        if (uniform) {
            VarHandle.releaseFence();
            segment.asSlice(target, (long) count * bytes).fill((byte) pattern);
        } else {
            for (int index = 0; index < count; index++) {
                HostAccess.set(segment, target + (long) index * bytes, bytes, pattern);
            }
        }
        noticeWrite(target, count * bytes);
        return true;
    }

    @Override
    public void elementDone() {
        answers.forget();
    }

    /// The byte of the segment that the instruction byte at `linear` is in. Throws what the fetch
    /// raises.
    long resolveCode(long linear) {
        if (longActive() && linear << 16 >> 16 != linear) {
            throw Trap.nonCanonical(linear);
        }
        boolean user = cpl() == 3;
        long known = codePages.find(linear & PAGE_MASK, user);
        if (known >= 0) {
            return known | linear & 4095;
        }
        var found = walk.translate(linear, PageWalk.EXECUTE, user, true);
        long host = memory.hostOffset(found.gpa());
        if (host < 0) {
            throw Trap.pageFault(0, linear);
        }
        codePages.put(linear & PAGE_MASK, user, host & PAGE_MASK, found);
        return host;
    }

    CodePages codePages() {
        return codePages;
    }

    /// Does something while no other vCPU executes code.
    void alone(Runnable action) {
        alone.accept(action);
    }

    /// The frame of the code at a linear page address, or -1 where none can be fetched.
    int codeFrame(long linear) {
        try {
            return (int) (resolveCode(linear) >>> 12);
        } catch (Trap notExecutable) {
            return -1;
        }
    }

    // ---------------------------------------------------------------- TLB maintenance

    @Override
    public void accessModeChanged() {
        if (tlbs == null) {
            return;
        }
        int view = View.of(this);
        registers[Registers.VIEW] = view;
        knownView = view;
        accessMode = modeOf(view);
        watchesData = hasBreakpoint() && DebugRegisters.watchesData(this);
        checksAlignment =
                view == View.USER && (cr0 & Bits.CR0_AM) != 0 && (systemFlags() & Bits.AC) != 0;
        var tlb = tlbs.of(accessMode);
        readTags = isObserving() ? NO_TAGS : tlb.readTags;
        writeTags = isObserving() ? NO_TAGS : tlb.writeTags;
        offsets = tlb.offsets;
        distances = tlb.distances;
        showViews();
        if (base(Segments.CS) != codeBase || limits[Segments.CS] != codeLimit) {
            codeBase = base(Segments.CS);
            codeLimit = limits[Segments.CS];
            codePages.flush(true);
        }
    }

    /// Machine code may change between views as they are now; the one in use it is called with.
    private void showViews() {
        for (int number = 0; number < Enters.VIEWS; number++) {
            var tlb = tlbs.of(modeOf(number));
            MachineRegion.see(this, number, tlb.readTags, tlb.writeTags, tlb.distances);
        }
    }

    @Override
    public void flushTlb(boolean globalToo) {
        tlbs.flush(globalToo);
        codePages.flush(globalToo);
    }

    @Override
    public void invalidatePage(long linear) {
        tlbs.flushPage(linear);
        codePages.flushPage(linear);
    }

    /// The next write to any page must be noticed.
    void clearWrites() {
        tlbs.clearWrites();
    }

    // ---------------------------------------------------------------- the rest of the machine

    @Override
    public long portRead(int port, int bytes) {
        observePort(port, bytes);
        return answers.take(new Exit.PortRead(port, bytes)) & (1L << bytes * 8) - 1;
    }

    @Override
    public void portWrite(int port, int bytes, long value) {
        observePort(port, bytes);
        answers.take(new Exit.PortWrite(port, bytes, (int) (value & (1L << bytes * 8) - 1)));
    }

    private void observePort(int port, int bytes) {
        if (hasBreakpoint()) {
            pendingDebug |= DebugRegisters.portBreakpoints(this, port, bytes);
        }
    }

    @Override
    public long externalMsrRead(int index) {
        return answers.take(new Exit.MsrRead(index));
    }

    @Override
    public void externalMsrWrite(int index, long value) {
        leaveAfter(new Exit.MsrWrite(index, value));
    }

    @Override
    public void hypercall() {
        leaveAfter(hypercallExit());
    }

    /// Leaves behind an instruction that ends its block and has nothing more to do but, perhaps, to
    /// take the answer or the fault. If it has got one it is the fault, which is raised here.
    private void leaveAfter(Exit exit) {
        if (answers.any()) {
            answers.take(exit);
        } else {
            exitAfter = exit;
        }
    }

    private Exit hypercallExit() {
        var r = registers;
        if (is64()) {
            return new Exit.Hypercall(true, cpl(), r[0], r[7], r[6], r[2], r[10], r[8]);
        }
        long low = 0xFFFF_FFFFL;
        return new Exit.Hypercall(
                false,
                cpl(),
                r[0] & low,
                r[3] & low,
                r[1] & low,
                r[2] & low,
                r[6] & low,
                r[7] & low);
    }

    @Override
    public void halt() {
        exitAfter = new Exit.Halted();
    }

    /// A program that goes on waiting lets another vCPU run: as pause-loop exiting does.
    @Override
    public void pause() {
        pauses++;
        if (pauses % PAUSES_IN_A_LOOP == 0 && exitAfter == null) {
            exitAfter = new Exit.Preempted();
        }
    }

    @Override
    public void taskPriorityChanged() {
        exitAfter = new Exit.TaskPriority(cr8);
    }

    @Override
    public long timeStampCounter() {
        return tsc.read();
    }

    @Override
    public void setTimeStampCounter(long value) {
        tsc.write(value);
        showTscOffset();
    }

    /// See [TimeStampCounter#joinOthers].
    void joinTimeStampCounters() {
        tsc.joinOthers();
        showTscOffset();
    }

    /// Compiled code reads the counter by itself.
    private void showTscOffset() {
        registers[Registers.TSC_OFFSET] = tsc.offset();
    }

    @Override
    public long random() {
        return entropy.nextLong();
    }
}
