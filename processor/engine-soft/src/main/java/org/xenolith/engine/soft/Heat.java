package org.xenolith.engine.soft;

import java.util.Optional;

/// When a vCPU's blocks get compiled regions. **Hot path.**
final class Heat {
    private static final int ALWAYS = 0;

    /// How often a sample must be a block until it is hot: some millions of instructions.
    private static final int SAMPLES = 200;

    /// The same until it is tried once more.
    private static final int SAMPLES_AGAIN = 32 * SAMPLES;

    /// Each time that a region has failed, the next waits for so many times more executions.
    private static final int FAILURE_SHIFT = 2;

    private static final int SHIFT_MAX = 6;

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
        if (on
                && block.runs()
                        == compileAfter << Math.min(FAILURE_SHIFT * block.failures, SHIFT_MAX)
                && block.region == null
                && Regions.isEligible(block)
                && !regions.request(block)) {
            block.cool();
        }
    }

    /// A block was about to be executed when a sample was taken: the more often, the more of the
    /// time is spent there. Answers what is to be counted if the block is hot now.
    Optional<Profile> sample(Block block) {
        if (!on || !regions.hasBetter() || block.unfitForHot || !Regions.isEligible(block)) {
            return Optional.empty();
        }
        int samples = ++block.samples;
        boolean isHot = samples == SAMPLES || samples % SAMPLES_AGAIN == 0;
        return isHot && !block.isBest() ? Optional.of(new Profile(block)) : Optional.empty();
    }

    /// What [#sample] has asked for is there.
    void profiled(Profile profile) {
        regions.requestBetter(profile);
    }

    /// Puts into use what has been compiled meanwhile.
    void catchUp() {
        regions.install(cpu);
    }
}
