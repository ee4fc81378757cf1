package org.xenolith.xl;

import org.xenolith.board.Affinity;
import org.xenolith.board.VcpuInfo;
import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.GuestClient;

import java.util.List;

/// `xl vcpu-pin`. A dash leaves the affinity of its kind as it is.
final class VcpuPinCommand {
    private static final String AS_IT_IS = "-";

    private VcpuPinCommand() {}

    static int run(Session session, Arguments arguments) throws ControlException {
        var words = arguments.operands();
        var hard = words.get(2);
        var soft = words.size() > 3 ? words.get(3) : AS_IT_IS;
        pinned(Affinity.ALL, hard, soft); // what is wrong with them shows before anything is done
        if (session.dryRun()) {
            session.out().println("cpumap: " + hard + (soft.equals(AS_IT_IS) ? "" : " " + soft));
            return 0;
        }
        var entry = session.runtime().find(words.getFirst());
        var guest = new GuestClient(entry);
        for (var vcpu : chosen(new ControlClient(entry).info().vcpus(), words.get(1))) {
            guest.pin(vcpu.id(), pinned(vcpu.affinity(), hard, soft));
        }
        return 0;
    }

    private static Affinity pinned(Affinity before, String hard, String soft)
            throws ControlException {
        return new Affinity(
                hard.equals(AS_IT_IS) ? before.hard() : CpuRange.parse(hard),
                soft.equals(AS_IT_IS) ? before.soft() : CpuRange.parse(soft));
    }

    private static List<VcpuInfo> chosen(List<VcpuInfo> vcpus, String word)
            throws ControlException {
        if (word.equals("all")) {
            return vcpus;
        }
        var chosen =
                vcpus.stream().filter(vcpu -> Integer.toString(vcpu.id()).equals(word)).toList();
        if (chosen.isEmpty()) {
            throw new ControlException("invalid argument " + word + " as VCPU");
        }
        return chosen;
    }
}
