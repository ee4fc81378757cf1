package org.xenolith.engine.soft;

/// When a vCPU's blocks get compiled regions. **Hot path.**
final class Heat {
    private static final int ALWAYS = 0;

    private final boolean on;
    private final int compileAfter;
    private final Regions regions;
    private final SoftCpu cpu;

    Heat(boolean on, int compileAfter, Regions regions, SoftCpu cpu) {
        this.cpu = cpu;
        this.on = on;
        this.compileAfter = compileAfter;
        this.regions = regions;
    }

    /// A block is about to be executed for the first time since it was translated or became cool.
    void before(Block block) {
        if (on && compileAfter == ALWAYS && Regions.isEligible(block)) {
            regions.compileNow(block, cpu);
        }
    }

    /// A block has been executed once more.
    void after(Block block) {
        int runs = block.runs();
        boolean warm = runs == compileAfter && !block.unfitForWarm;
        if (on && (warm || runs == Regions.HOT_AFTER) && Regions.isEligible(block)) {
            if (!regions.request(block, runs >= Regions.HOT_AFTER)) {
                block.cool();
            }
        }
    }

    /// A region has executed so much that it deserves better code.
    void isHot(LiveRegion region) {
        regions.requestBetter(region);
    }

    /// Puts into use what has been compiled meanwhile.
    void catchUp() {
        regions.install(cpu);
    }
}
