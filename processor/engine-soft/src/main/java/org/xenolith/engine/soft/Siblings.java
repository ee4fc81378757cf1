package org.xenolith.engine.soft;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// Blocks whose regions can be entered at any address at which the same memory lies: the latest of
/// each place in memory, as far as there is room. Libraries lie at another address in each process,
/// and a block belongs to an address. **Hot path** of every boot.
///
/// Any thread may look; one at a time may change it. What is found may be out of use.
final class Siblings {
    private static final int PLACES = 1 << 17;
    private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(Block[].class);

    private final Block[] blocks = new Block[PLACES];

    private static int place(long host, int mode) {
        return (int) ((host ^ (long) mode << 40) * 0x9E37_79B9_7F4A_7C15L >>> 47);
    }

    /// Null if none is known of which `host` is the first byte.
    Block find(long host, int mode) {
        var block = (Block) ELEMENT.getAcquire(blocks, place(host, mode));
        return block != null && block.host == host && block.mode == mode ? block : null;
    }

    /// Whether it is what is found here.
    boolean isLatest(Block block) {
        return find(block.host, block.mode) == block;
    }

    void put(Block block) {
        ELEMENT.setRelease(blocks, place(block.host, block.mode), block);
    }

    void clear() {
        Arrays.fill(blocks, null);
    }
}
