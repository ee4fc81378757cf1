package org.xenolith.platform;

import static org.xenolith.state.StateException.require;

import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;
import java.util.List;

/// The state of a [LocalApic], version 1 (SDM vol. 3A, chapter 11). Registers hold only bits that
/// can be written; what is derived (processor priority, the x2APIC logical id, the current count)
/// is not kept.
///
/// @param id the initial APIC id
/// @param apicBase IA32_APIC_BASE
/// @param taskPriority Task Priority Register (TPR)
/// @param logicalDestination Logical Destination Register (LDR) of xAPIC mode, bits 31:24
/// @param destinationFormat Destination Format Register (DFR), bits 31:28; the others are set
/// @param spuriousVector Spurious Interrupt Vector Register (SVR), bits 9:0
/// @param inService In-Service Register (ISR)
/// @param triggerMode Trigger Mode Register (TMR)
/// @param requests Interrupt Request Register (IRR)
/// @param errors Error Status Register (ESR) as last written out
/// @param pendingErrors what the next write to the Error Status Register will show
/// @param command Interrupt Command Register (ICR), the destination in bits 63:32
/// @param localVectorTable timer, thermal sensor, performance counters, LINT0, LINT1, error
public record LocalApicState(
        int id,
        long apicBase,
        int taskPriority,
        int logicalDestination,
        int destinationFormat,
        int spuriousVector,
        VectorSet inService,
        VectorSet triggerMode,
        VectorSet requests,
        int errors,
        int pendingErrors,
        long command,
        List<Integer> localVectorTable,
        Timer timer) {
    public static final StateCodec<LocalApicState> CODEC =
            StateCodec.of("local-apic", LocalApicState.class, MethodHandles.lookup());

    /// The timer.
    ///
    /// @param counting it counts down in one-shot or periodic mode
    /// @param remainingNanos until it expires, if it counts; not positive if that is overdue
    /// @param tscDeadline IA32_TSC_DEADLINE
    public record Timer(
            int initialCount,
            int divideConfiguration,
            boolean counting,
            long remainingNanos,
            long tscDeadline) {
        private static final long REMAINING_NANOS_MAX = 1L << 40;

        private Timer after(long nanos) {
            long longest = Math.min(nanos, REMAINING_NANOS_MAX);
            long remaining = Math.max(remainingNanos - longest, -REMAINING_NANOS_MAX);
            return counting
                    ? new Timer(initialCount, divideConfiguration, true, remaining, tscDeadline)
                    : this;
        }

        public Timer {
            require(
                    (divideConfiguration & ~ApicLayout.DIVIDE_MASK) == 0,
                    "the divide configuration has bits 3, 1 and 0");
            require(!counting || initialCount != 0, "a timer counts down from something");
            require(counting || remainingNanos == 0, "only a counting timer has time left");
            require(
                    Math.abs(remainingNanos) <= REMAINING_NANOS_MAX
                            && remainingNanos != Long.MIN_VALUE,
                    "a local APIC's timer waits minutes, not hours");
        }
    }

    /// The same local APIC after `nanos` in which it stood still and time went on.
    public LocalApicState after(long nanos) {
        return new LocalApicState(
                id,
                apicBase,
                taskPriority,
                logicalDestination,
                destinationFormat,
                spuriousVector,
                inService,
                triggerMode,
                requests,
                errors,
                pendingErrors,
                command,
                localVectorTable,
                timer.after(nanos));
    }

    public LocalApicState {
        localVectorTable = List.copyOf(localVectorTable);
        require(id >= 0, "an APIC id is not negative");
        require(ApicLayout.isApicBase(apicBase), "IA32_APIC_BASE has a mode and an address");
        require(taskPriority >= 0 && taskPriority <= 0xFF, "TPR is a byte");
        require((logicalDestination & 0x00FF_FFFF) == 0, "LDR has bits 31:24");
        require((destinationFormat | 0xF000_0000) == -1, "the lower bits of DFR are set");
        require((spuriousVector & ~ApicLayout.SPURIOUS_MASK) == 0, "SVR has bits 9:0");
        require(
                !inService.hasIllegal() && !requests.hasIllegal() && !triggerMode.hasIllegal(),
                "no interrupt has one of the first 16 vectors");
        require(
                ((errors | pendingErrors) & ~ApicLayout.ERROR_MASK) == 0,
                "ESR has bits for what can go wrong here");
        require(((int) command & ~ApicLayout.COMMAND_MASK) == 0, "ICR has its defined bits");
        require(
                localVectorTable.size() == ApicLayout.LVT_MASKS.length,
                "the local vector table has six entries");
        boolean enabled = (spuriousVector & ApicLayout.SOFTWARE_ENABLED) != 0;
        for (int i = 0; i < localVectorTable.size(); i++) {
            int entry = localVectorTable.get(i);
            require(
                    (entry & ~ApicLayout.LVT_MASKS[i]) == 0,
                    "entries of the local vector table have their defined bits");
            require(
                    enabled || (entry & ApicLayout.LVT_MASKED) != 0,
                    "a local APIC disabled by software masks its local vector table");
        }
        var mode = ApicLayout.timerMode(localVectorTable.getFirst());
        require(
                mode.counts() || timer.initialCount == 0 && !timer.counting,
                "a timer that does not count has no count");
        require(
                mode == ApicTimer.Mode.TSC_DEADLINE || timer.tscDeadline == 0,
                "only TSC-deadline mode has a deadline");
    }
}
