package org.xenolith.baseline;

import org.xenolith.ir.Context;
import org.xenolith.jit.CompiledRegion;
import org.xenolith.linux.ExecutableMemory;

/// A region as machine code. Where it is left, it goes on with the region there, if the context's
/// [Links] know one: what is executed may be more than the region. **Hot path.**
public final class MachineRegion extends CompiledRegion {
    private final MachineCodeCompiler compiler;
    private final long address;
    private final int generation;
    private final int length;
    private final boolean explicitFlags;
    private volatile boolean retired;

    MachineRegion(MachineCodeCompiler compiler, long address, int generation, RegionImage image) {
        this.length = (int) image.code().byteSize();
        this.explicitFlags = image.explicitFlags();
        this.compiler = compiler;
        this.address = address;
        this.generation = generation;
    }

    /// Where its code begins.
    long address() {
        return address;
    }

    /// Whether its code has been thrown away, or is left at once.
    public boolean isGone() {
        return retired || compiler.generation() != generation;
    }

    /// It is in use no more, and in no [Links] either. Where regions jump straight to each other,
    /// it is left at once by whoever still comes, and no region is made of this code again. On any
    /// thread.
    public void retire() {
        if (!isGone() && compiler.areRegionsLinked()) {
            retired = true;
            compiler.links().retire(address);
        }
    }

    /// From now on the regions of this one's compiler that a context executes may jump straight to
    /// each other, until [#unlink]; only if no other context executes any.
    public void link(Context context) {
        compiler.links().begin(context.registers);
    }

    /// What addresses of the upper half mean has changed: regions look for each other anew.
    public void unlink() {
        compiler.links().unlink();
    }

    /// Its code, to be kept; only while the compiler has not been reset.
    public RegionImage image() {
        return new RegionImage(compiler.code(address, length), explicitFlags);
    }

    /// From now on regions that are left in a view of the context's ([org.xenolith.ir.Enters]) look
    /// for the next in `links`. Those of all views have the same salts.
    public static void follow(Context context, int view, Links links) {
        Memories.of(context).follow(view, links);
        links.tell(context.registers);
    }

    /// What a view of the context's sees from now on: arrays as [#run] takes them. If none is
    /// known, all views see what that is called with.
    public static void see(
            Context context, int view, long[] readTags, long[] writeTags, long[] offsets) {
        Memories.of(context).see(view, readTags, writeTags, offsets);
    }

    /// Tells `listener` which pages code has moved since it was told last, in order. To be asked
    /// whenever code has returned, or waits for a page, before the arrays are used otherwise.
    public static void tellMoves(Context context, PageMoves listener) {
        SecondPlaces.tell(context.registers, listener);
    }

    @Override
    public int run(Context context, long[] readTags, long[] writeTags, long[] offsets, int budget) {
        if (isGone()) {
            return budget;
        }
        if (explicitFlags) {
            context.setStatusFlags(context.statusFlags());
        }
        long[] registers = context.registers;
        registers[Frame.PC] = context.pc;
        registers[Frame.FLAG_KIND] = context.flagKind;
        registers[Frame.FLAG_LEFT] = context.flagLeft;
        registers[Frame.FLAG_RIGHT] = context.flagRight;
        registers[Frame.FLAG_RESULT] = context.flagResult;
        registers[Frame.FLAG_CARRY] = context.flagCarry;
        var memories = Memories.of(context);
        registers[Frame.PRESENT_VIEW] = memories.use(readTags, writeTags, offsets);
        boolean allViews = memories.needsViews();
        int left = enter(memories, address, allViews, registers, budget);
        while (registers[Frame.PAUSED] != Pauses.NOT) {
            answer(context);
            left = enter(memories, compiler.resume(), allViews, registers, left);
        }
        if (registers[Frame.WANTS_VIEWS] != 0) {
            registers[Frame.WANTS_VIEWS] = 0;
            memories.wantViews();
        }
        context.pc = registers[Frame.PC];
        context.flagKind = (int) registers[Frame.FLAG_KIND];
        context.flagLeft = registers[Frame.FLAG_LEFT];
        context.flagRight = registers[Frame.FLAG_RIGHT];
        context.flagResult = registers[Frame.FLAG_RESULT];
        context.flagCarry = registers[Frame.FLAG_CARRY];
        return left;
    }

    /// Calls code in the view that is in use.
    private int enter(
            Memories memories, long code, boolean allViews, long[] registers, int budget) {
        registers[Frame.INITIAL_BUDGET] = budget;
        int view = (int) registers[Frame.PRESENT_VIEW];
        return allViews
                ? ExecutableMemory.call(
                        compiler.entry(view),
                        memories.registers,
                        code,
                        memories.pointers(0),
                        memories.pointers(1),
                        memories.pointers(2))
                : ExecutableMemory.call(
                        compiler.shortEntry(), memories.registers, code, memories.pointers(view));
    }

    private static void answer(Context context) {
        long[] registers = context.registers;
        boolean write = registers[Frame.PAUSED] == Pauses.FOR_WRITING;
        if (!context.translate(registers[Pauses.PAGE], write)) {
            registers[Frame.PAUSED] = Pauses.REFUSED;
        }
    }
}
