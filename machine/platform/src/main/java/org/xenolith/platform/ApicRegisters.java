package org.xenolith.platform;

import static org.xenolith.platform.ApicLayout.BASE_BOOTSTRAP;
import static org.xenolith.platform.ApicLayout.BASE_ENABLED;
import static org.xenolith.platform.ApicLayout.BASE_X2APIC;
import static org.xenolith.platform.ApicLayout.COMMAND;
import static org.xenolith.platform.ApicLayout.COMMAND_HIGH;
import static org.xenolith.platform.ApicLayout.COMMAND_HIGH_MASK;
import static org.xenolith.platform.ApicLayout.COMMAND_MASK;
import static org.xenolith.platform.ApicLayout.CURRENT_COUNT;
import static org.xenolith.platform.ApicLayout.DESTINATION_FORMAT;
import static org.xenolith.platform.ApicLayout.DIVIDE;
import static org.xenolith.platform.ApicLayout.DIVIDE_MASK;
import static org.xenolith.platform.ApicLayout.END_OF_INTERRUPT;
import static org.xenolith.platform.ApicLayout.ERROR_STATUS;
import static org.xenolith.platform.ApicLayout.ID;
import static org.xenolith.platform.ApicLayout.ILLEGAL_REGISTER;
import static org.xenolith.platform.ApicLayout.INITIAL_COUNT;
import static org.xenolith.platform.ApicLayout.IN_SERVICE;
import static org.xenolith.platform.ApicLayout.LOGICAL_DESTINATION;
import static org.xenolith.platform.ApicLayout.LVT_ERROR;
import static org.xenolith.platform.ApicLayout.LVT_ERROR_INDEX;
import static org.xenolith.platform.ApicLayout.LVT_MASKED;
import static org.xenolith.platform.ApicLayout.LVT_MASKS;
import static org.xenolith.platform.ApicLayout.LVT_TIMER;
import static org.xenolith.platform.ApicLayout.PROCESSOR_PRIORITY;
import static org.xenolith.platform.ApicLayout.RECEIVE_ILLEGAL_VECTOR;
import static org.xenolith.platform.ApicLayout.SELF_IPI;
import static org.xenolith.platform.ApicLayout.SEND_ILLEGAL_VECTOR;
import static org.xenolith.platform.ApicLayout.SOFTWARE_ENABLED;
import static org.xenolith.platform.ApicLayout.SPURIOUS;
import static org.xenolith.platform.ApicLayout.SPURIOUS_MASK;
import static org.xenolith.platform.ApicLayout.TASK_PRIORITY;
import static org.xenolith.platform.ApicLayout.TRIGGER_MODE;
import static org.xenolith.platform.ApicLayout.VERSION;
import static org.xenolith.platform.ApicLayout.VERSION_VALUE;
import static org.xenolith.platform.ApicLayout.isApicBase;
import static org.xenolith.platform.ApicLayout.timerMode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The registers of one local APIC and what reading and writing them means, in both modes (SDM vol.
/// 3A, chapter 11). Not safe for threads: [LocalApic] holds a lock. Calls nobody but the clock and
/// the time-stamp counter; what a write asks of others is its [Effect].
final class ApicRegisters {
    /// What a write asks of others, once the lock is released.
    sealed interface Effect {}

    /// Effects that need no more to be said.
    enum Simple implements Effect {
        NONE,
        /// The timer is armed otherwise than before.
        TIMER,
        /// The APIC was disabled by software and is no more.
        ENABLED
    }

    record Send(InterruptMessage message) implements Effect {}

    record LevelEnded(int vector) implements Effect {}

    private final int id;
    private long apicBase;
    private int taskPriority;
    private int logicalDestination;
    private int destinationFormat;
    private int spurious;
    private final VectorBits inService = new VectorBits();
    private final VectorBits triggerMode = new VectorBits();
    private final VectorBits requests = new VectorBits();
    private int errors;
    private int pendingErrors;
    private long command;
    private final int[] lvt = new int[LVT_MASKS.length];
    private final ApicTimer timer = new ApicTimer();
    private final LocalApics.Time time;

    ApicRegisters(int id, boolean bootstrap, LocalApics.Time time) {
        this.id = id;
        this.time = time;
        apicBase = PvhLayout.LOCAL_APIC | BASE_ENABLED | (bootstrap ? BASE_BOOTSTRAP : 0);
        initialise();
    }

    /// INIT: all but the id and IA32_APIC_BASE (SDM vol. 3A, 11.4.7.3).
    void initialise() {
        taskPriority = 0;
        logicalDestination = 0;
        destinationFormat = -1;
        spurious = 0xFF;
        inService.set(VectorSet.EMPTY);
        triggerMode.set(VectorSet.EMPTY);
        requests.set(VectorSet.EMPTY);
        errors = 0;
        pendingErrors = 0;
        command = 0;
        Arrays.fill(lvt, LVT_MASKED);
        timer.reset();
    }

    // ---------------------------------------------------------------- modes

    long apicBase() {
        return apicBase;
    }

    /// Writes IA32_APIC_BASE; false if that is not allowed: reserved bits, or a change of mode that
    /// SDM vol. 3A, figure 11-27 does not show.
    boolean apicBase(long value) {
        boolean toX2apic = (value & BASE_X2APIC) != 0;
        if (!isApicBase(value)
                || toX2apic && !isEnabled()
                || !toX2apic && isX2apic() && (value & BASE_ENABLED) != 0) {
            return false;
        }
        apicBase = value;
        if (!isEnabled()) {
            initialise();
        }
        return true;
    }

    boolean isEnabled() {
        return (apicBase & BASE_ENABLED) != 0;
    }

    boolean isX2apic() {
        return (apicBase & BASE_X2APIC) != 0;
    }

    /// Enabled, by software too: takes fixed interrupts.
    boolean takesInterrupts() {
        return isEnabled() && (spurious & SOFTWARE_ENABLED) != 0;
    }

    // ---------------------------------------------------------------- interrupts

    /// Accepts an interrupt, or notes why not.
    void request(int vector, boolean level) {
        if (vector < 16) {
            error(RECEIVE_ILLEGAL_VECTOR);
            return;
        }
        requests.add(vector);
        if (level) {
            triggerMode.add(vector);
        } else {
            triggerMode.remove(vector);
        }
    }

    private void error(int kind) {
        if ((pendingErrors & kind) != 0) {
            return;
        }
        pendingErrors |= kind;
        int entry = lvt[LVT_ERROR_INDEX];
        if ((entry & LVT_MASKED) == 0) {
            if ((entry & 0xFF) < 16) {
                pendingErrors |= RECEIVE_ILLEGAL_VECTOR;
            } else {
                request(entry & 0xFF, false);
            }
        }
    }

    /// SDM vol. 3A, 11.8.3.1.
    int processorPriority() {
        int serviced = Math.max(inService.highest(), 0);
        return (taskPriority & 0xF0) >= (serviced & 0xF0) ? taskPriority : serviced & 0xF0;
    }

    /// The highest request above the processor priority, or -1.
    int pendingVector() {
        int highest = requests.highest();
        boolean deliverable =
                highest >= 0
                        && takesInterrupts()
                        && (highest & 0xF0) > (processorPriority() & 0xF0);
        return deliverable ? highest : -1;
    }

    /// Takes [#pendingVector] into service.
    int acknowledge() {
        int vector = pendingVector();
        if (vector >= 0) {
            requests.remove(vector);
            inService.add(vector);
        }
        return vector;
    }

    private Effect endOfInterrupt() {
        int vector = inService.highest();
        if (vector < 0) {
            return Simple.NONE;
        }
        inService.remove(vector);
        return triggerMode.contains(vector) ? new LevelEnded(vector) : Simple.NONE;
    }

    int taskPriority() {
        return taskPriority;
    }

    void taskPriority(int value) {
        taskPriority = value;
    }

    /// Whether a message to a destination, without shorthand, is meant for this APIC (SDM vol. 3A,
    /// 11.6.2 and 11.12.9).
    boolean isDestination(int destination, boolean logical) {
        if (!isEnabled()) {
            return false;
        }
        if (destination == InterruptMessage.BROADCAST) {
            return true;
        }
        if (!logical) {
            return destination == id;
        }
        if (isX2apic()) {
            int own = logicalX2apicId();
            return own >>> 16 == destination >>> 16 && (own & destination & 0xFFFF) != 0;
        }
        int own = logicalDestination >>> 24;
        return switch (destinationFormat >>> 28) {
            case 0xF -> (own & destination) != 0 && destination >>> 8 == 0;
            case 0x0 -> own >>> 4 == destination >>> 4 && (own & destination & 0xF) != 0;
            default -> false;
        };
    }

    /// SDM vol. 3A, 11.12.10.2.
    private int logicalX2apicId() {
        return id >>> 4 << 16 | 1 << (id & 0xF);
    }

    // ---------------------------------------------------------------- the timer

    long timerExpiryNanos() {
        return timer.expiryNanos();
    }

    /// Requests the timer's interrupt if it has expired. True if there may be something to deliver.
    boolean expireTimer() {
        boolean expired = timer.expire(time.nanos(), time.tsc());
        boolean deliver = expired && (lvt[0] & LVT_MASKED) == 0;
        if (deliver) {
            request(lvt[0] & 0xFF, false);
        }
        return deliver;
    }

    long tscDeadline() {
        return timer.tscDeadline();
    }

    void tscDeadline(long deadline) {
        if (isEnabled()) {
            timer.deadline(deadline, time.nanos(), time.tsc());
        }
    }

    void rearmDeadline() {
        timer.rearmDeadline(time.nanos(), time.tsc());
    }

    // ---------------------------------------------------------------- register access

    long command() {
        return command;
    }

    int read(int register) {
        return switch (register) {
            case ID -> isX2apic() ? id : id << 24;
            case VERSION -> VERSION_VALUE;
            case TASK_PRIORITY -> taskPriority;
            case PROCESSOR_PRIORITY -> processorPriority();
            case LOGICAL_DESTINATION -> isX2apic() ? logicalX2apicId() : logicalDestination;
            case DESTINATION_FORMAT -> destinationFormat;
            case SPURIOUS -> spurious;
            case ERROR_STATUS -> errors;
            case COMMAND -> (int) command;
            case COMMAND_HIGH -> (int) (command >>> 32);
            case INITIAL_COUNT -> timer.initialCount();
            case CURRENT_COUNT -> timer.currentCount(time.nanos());
            case DIVIDE -> timer.divideConfiguration();
            default -> readBlock(register);
        };
    }

    private int readBlock(int register) {
        if (register >= LVT_TIMER && register <= LVT_ERROR) {
            return lvt[register - LVT_TIMER >> 4];
        }
        if (register >= IN_SERVICE && register < ERROR_STATUS) {
            int index = register >>> 4 & 7;
            return switch (register & ~0x7F) {
                case IN_SERVICE -> inService.register(index);
                case TRIGGER_MODE -> triggerMode.register(index);
                default -> requests.register(index);
            };
        }
        return 0;
    }

    /// Writes what can be written; the rest is ignored.
    Effect write(int register, int value) {
        switch (register) {
            case TASK_PRIORITY -> taskPriority = value & 0xFF;
            case END_OF_INTERRUPT -> {
                return endOfInterrupt();
            }
            case LOGICAL_DESTINATION -> logicalDestination = value & 0xFF00_0000;
            case DESTINATION_FORMAT -> destinationFormat = value | 0x0FFF_FFFF;
            case SPURIOUS -> {
                return writeSpurious(value & SPURIOUS_MASK);
            }
            case ERROR_STATUS -> {
                errors = pendingErrors;
                pendingErrors = 0;
            }
            case COMMAND -> {
                return writeCommand(command & 0xFFFF_FFFF_0000_0000L | value & COMMAND_MASK);
            }
            case COMMAND_HIGH ->
                    command = command & 0xFFFF_FFFFL | (long) (value & COMMAND_HIGH_MASK) << 32;
            case INITIAL_COUNT -> {
                expireTimer();
                timer.start(value, time.nanos());
                return Simple.TIMER;
            }
            case DIVIDE -> {
                expireTimer();
                timer.divideBy(value & DIVIDE_MASK, time.nanos());
                return Simple.TIMER;
            }
            case SELF_IPI -> {
                sendToSelf(value & 0xFF);
            }
            default -> {
                if (register >= LVT_TIMER && register <= LVT_ERROR) {
                    return writeLvt(register - LVT_TIMER >> 4, value);
                }
            }
        }
        return Simple.NONE;
    }

    private Effect writeSpurious(int value) {
        boolean before = (spurious & SOFTWARE_ENABLED) != 0;
        spurious = value;
        boolean now = (value & SOFTWARE_ENABLED) != 0;
        if (!now) {
            for (int i = 0; i < lvt.length; i++) {
                lvt[i] |= LVT_MASKED;
            }
        }
        return now && !before ? Simple.ENABLED : Simple.NONE;
    }

    /// Writes the interrupt command register; the destination is in bits 63:32.
    Effect writeCommand(long value) {
        command = value;
        var message = InterruptMessage.ofCommand(value, isX2apic());
        if (message.hasIllegalVector()) {
            error(SEND_ILLEGAL_VECTOR);
            return Simple.NONE;
        }
        return new Send(message);
    }

    private void sendToSelf(int vector) {
        if (vector < 16) {
            error(SEND_ILLEGAL_VECTOR);
        } else if (takesInterrupts()) {
            request(vector, false);
        }
    }

    private Effect writeLvt(int index, int value) {
        int masked = (spurious & SOFTWARE_ENABLED) == 0 ? LVT_MASKED : 0;
        if (index == 0) {
            expireTimer();
            timer.mode(timerMode(value), time.nanos());
        }
        lvt[index] = value & LVT_MASKS[index] | masked;
        return index == 0 ? Simple.TIMER : Simple.NONE;
    }

    /// An access to a register that does not exist (SDM vol. 3A, 11.5.3).
    void illegalRegister() {
        error(ILLEGAL_REGISTER);
    }

    // ---------------------------------------------------------------- state

    LocalApicState capture() {
        return new LocalApicState(
                id,
                apicBase,
                taskPriority,
                logicalDestination,
                destinationFormat,
                spurious,
                inService.capture(),
                triggerMode.capture(),
                requests.capture(),
                errors,
                pendingErrors,
                command,
                lvtEntries(),
                timer.capture(time.nanos()));
    }

    private List<Integer> lvtEntries() {
        var entries = new ArrayList<Integer>(lvt.length);
        for (int entry : lvt) {
            entries.add(entry);
        }
        return entries;
    }

    void restore(LocalApicState state) {
        apicBase = state.apicBase();
        taskPriority = state.taskPriority();
        logicalDestination = state.logicalDestination();
        destinationFormat = state.destinationFormat();
        spurious = state.spuriousVector();
        inService.set(state.inService());
        triggerMode.set(state.triggerMode());
        requests.set(state.requests());
        errors = state.errors();
        pendingErrors = state.pendingErrors();
        command = state.command();
        for (int i = 0; i < lvt.length; i++) {
            lvt[i] = state.localVectorTable().get(i);
        }
        timer.restore(state.timer(), timerMode(lvt[0]), time.nanos(), time.tsc());
    }
}
