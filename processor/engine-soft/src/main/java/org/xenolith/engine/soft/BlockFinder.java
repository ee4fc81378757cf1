package org.xenolith.engine.soft;

import org.xenolith.x86.SegmentAccess;
import org.xenolith.x86.Segments;
import org.xenolith.x86.Trap;

import java.util.function.IntConsumer;

/// Finds the block that a vCPU is to execute next, or has it made. **Hot path** ([#block]).
final class BlockFinder {
    private static final int JUMP_ENTRIES = 1 << 14;

    /// Attempts to translate code that others change at the same time.
    private static final int TRANSLATIONS_MAX = 8;

    private final SoftCpu cpu;
    private final CodeCache code;
    private final Translator translator;
    private final Regions regions;
    private final IntConsumer watch;

    // Blocks by the low bits of their address; an entry counts only for its own generation.
    private final Block[] jumpBlocks = new Block[JUMP_ENTRIES];
    private final long[] jumpGenerations = new long[JUMP_ENTRIES];

    /// @param watch puts a frame under watch, for all vCPUs; called while no other executes code
    BlockFinder(
            SoftCpu cpu,
            CodeCache code,
            Translator translator,
            Regions regions,
            IntConsumer watch) {
        this.regions = regions;
        this.cpu = cpu;
        this.code = code;
        this.translator = translator;
        this.watch = watch;
    }

    /// The block at the program counter. Throws what the fetch raises.
    ///
    /// @param key the mode, with the translator's own bits
    Block block(int key) {
        long pc = cpu.pc;
        long generation = cpu.codePages().generation(pc);
        int slot = (int) (pc ^ pc >>> 12 ^ key) & JUMP_ENTRIES - 1;
        var block = jumpBlocks[slot];
        if (block != null
                && block.pc == pc
                && block.mode == key
                && block.valid
                && (jumpGenerations[slot] == generation || isInPlace(block))) {
            jumpGenerations[slot] = generation;
            return block;
        }
        block = findOrTranslate(pc, key);
        jumpBlocks[slot] = block;
        jumpGenerations[slot] = cpu.codePages().generation(pc);
        return block;
    }

    /// Whether a block of the present address is also that of the memory there.
    private boolean isInPlace(Block block) {
        return block.secondFrame < 0 && cpu.is64() && cpu.resolveCode(block.pc) == block.host;
    }

    private Block findOrTranslate(long pc, int key) {
        if (!cpu.is64() && !SegmentAccess.isWithinCode(cpu, pc)) {
            throw Trap.generalProtection(0);
        }
        long linear = cpu.is64() ? pc : cpu.base(Segments.CS) + pc & 0xFFFF_FFFFL;
        for (int attempt = 0; attempt < TRANSLATIONS_MAX; attempt++) {
            long host = cpu.resolveCode(linear);
            var block = code.find(host, pc, key);
            while (block != null && isSecondPageMoved(block, linear)) {
                block = code.findNext(block);
            }
            if (block == null) {
                block = regions.revive(pc, key, host, cpu, watch).orElse(null);
            }
            if (block == null) {
                block = translate(host, pc, key);
            }
            if (block != null) {
                return block;
            }
        }
        return translateOnce(pc, key, cpu.resolveCode(linear));
    }

    /// Null if it must be tried again, since others have changed the code or the memory map.
    private Block translate(long host, long pc, int key) {
        if (watchFirst((int) (host >>> 12))) {
            return null;
        }
        var block = translator.translate(pc, key, host);
        if (block.secondFrame >= 0 && watchFirst(block.secondFrame)) {
            return null;
        }
        var inUse = code.publish(block, () -> translator.isCurrent(block));
        if (inUse == block) {
            regions.translated(block);
        }
        return inUse;
    }

    /// Translates a block that has had only a region so far. False if it is no more.
    boolean complete(Block block) {
        var made = translator.translate(block.pc, block.mode, block.host, block.length);
        return code.complete(block, made, () -> translator.isCurrent(block));
    }

    /// For code that others keep changing: one instruction as it is just now, for one execution.
    private Block translateOnce(long pc, int key, long host) {
        var block = translator.translate(pc, key | Translator.SINGLE, host);
        block.valid = false;
        return block;
    }

    /// Whether the frame had to be put under watch, for which the vCPU has waited.
    private boolean watchFirst(int frame) {
        if (cpu.memory().isWatched(frame)) {
            return false;
        }
        cpu.alone(() -> watch.accept(frame));
        return true;
    }

    /// A block whose last instruction reaches into another page counts only while that page is
    /// where it was.
    private boolean isSecondPageMoved(Block block, long linear) {
        if (block.secondFrame < 0) {
            return false;
        }
        long second = cpu.resolveCode((linear & -4096L) + 4096);
        return second >>> 12 != block.secondFrame;
    }
}
