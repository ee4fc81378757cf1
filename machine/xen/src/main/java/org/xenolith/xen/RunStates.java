package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.VcpuAbi;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// How long each vCPU has been in each [RunState], and the areas in which guests read it (`struct
/// vcpu_runstate_info`, xen/include/public/vcpu.h). Guarded by the domain's lock.
final class RunStates {
    private static final Struct LAYOUT = VcpuAbi.RUNSTATE_INFO;
    private static final int STATES = RunState.values().length;

    private final GuestMemory memory;
    private final SharedInfo shared;
    private final DomainTime time;
    private final RunState[] states;
    private final long[] entered;
    private final long[][] spent;
    private final GuestArea[] areas;

    /// `VMASST_TYPE_runstate_update_flag`: readers are warned while an area changes.
    private boolean updateFlag;

    RunStates(int vcpus, GuestMemory memory, SharedInfo shared, DomainTime time) {
        this.memory = memory;
        this.shared = shared;
        this.time = time;
        this.states = new RunState[vcpus];
        Arrays.fill(states, RunState.OFFLINE);
        this.entered = new long[vcpus];
        this.spent = new long[vcpus][STATES];
        this.areas = new GuestArea[vcpus];
    }

    void setUpdateFlag(boolean on) {
        updateFlag = on;
    }

    /// The vCPU changes to `state`.
    void enter(int vcpu, RunState state) {
        if (states[vcpu] == state) {
            return;
        }
        long now = time.now();
        spent[vcpu][states[vcpu].ordinal()] += now - entered[vcpu];
        states[vcpu] = state;
        entered[vcpu] = now;
        publish(vcpu);
    }

    /// Whether the vCPU is in its running state. Without the lock, on its own thread: nobody else
    /// changes it.
    boolean isRunning(int vcpu) {
        return states[vcpu] == RunState.RUNNING;
    }

    /// The record as a caller sees it, with the time in the running state up to now.
    Struct.View info(int vcpu, Abi abi) {
        var view =
                LAYOUT.blank(abi)
                        .set("state", states[vcpu].ordinal())
                        .set("state_entry_time", entered[vcpu]);
        long now = time.now();
        for (int state = 0; state < STATES; state++) {
            long current = states[vcpu].ordinal() == state ? now - entered[vcpu] : 0;
            view.set("time", state, spent[vcpu][state] + current);
        }
        return view;
    }

    /// `VCPUOP_register_runstate_memory_area`; null to stop.
    void register(int vcpu, GuestArea area) {
        areas[vcpu] = area;
        publish(vcpu);
    }

    private void publish(int vcpu) {
        var area = areas[vcpu];
        if (area == null) {
            return;
        }
        var abi = shared.layout();
        var view = info(vcpu, abi);
        int high = LAYOUT.offset(abi, "state_entry_time") + Integer.BYTES;
        int highHalf = (int) (entered[vcpu] >>> 32);
        if (updateFlag) {
            area.writeInt(memory, high, highHalf | (int) (VcpuAbi.XEN_RUNSTATE_UPDATE >>> 32));
            GuestMemory.fence();
            view.set("state_entry_time", entered[vcpu] | VcpuAbi.XEN_RUNSTATE_UPDATE);
        }
        area.write(memory, 0, view.bytes());
        if (updateFlag) {
            GuestMemory.fence();
            area.writeInt(memory, high, highHalf);
        }
    }

    /// One vCPU: its state, since when, nanoseconds in each of the four states, and none or one
    /// registered area.
    record VcpuRunState(RunState state, long entered, List<Long> spent, List<GuestArea> area) {
        VcpuRunState {
            spent = List.copyOf(spent);
            area = List.copyOf(area);
            require(spent.size() == STATES, "there are four run states");
            require(area.size() <= 1, "one area for each vCPU");
        }
    }

    record State(List<VcpuRunState> vcpus, boolean updateFlag) {
        State {
            vcpus = List.copyOf(vcpus);
        }
    }

    State capture() {
        var vcpus = new ArrayList<VcpuRunState>();
        for (int vcpu = 0; vcpu < states.length; vcpu++) {
            vcpus.add(
                    new VcpuRunState(
                            states[vcpu],
                            entered[vcpu],
                            Arrays.stream(spent[vcpu]).boxed().toList(),
                            areas[vcpu] == null ? List.of() : List.of(areas[vcpu])));
        }
        return new State(vcpus, updateFlag);
    }

    /// Refuses what [#restore] could not do.
    void check(State state) {
        require(state.vcpus.size() == states.length, "as many vCPUs as before");
    }

    void restore(State state) {
        for (int vcpu = 0; vcpu < states.length; vcpu++) {
            var saved = state.vcpus.get(vcpu);
            states[vcpu] = saved.state;
            entered[vcpu] = saved.entered;
            for (int i = 0; i < STATES; i++) {
                spent[vcpu][i] = saved.spent.get(i);
            }
            areas[vcpu] = saved.area.isEmpty() ? null : saved.area.getFirst();
        }
        updateFlag = state.updateFlag;
    }
}
