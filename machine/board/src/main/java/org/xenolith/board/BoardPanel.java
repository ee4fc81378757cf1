package org.xenolith.board;

import org.xenolith.xen.DebugKey;
import org.xenolith.xen.DomainHost;
import org.xenolith.xen.XenDomain;
import org.xenolith.xenstore.DomainDirectory;

/// What a PVH machine has of keys and buttons: `control/sysrq` in xenstore, and the NMI line of
/// each vCPU; and Xen's keys.
final class BoardPanel implements Panel {
    private final DomainHost wires;
    private final DomainDirectory directory;
    private final Driver driver;
    private final XenDomain xen;
    private final DomainLog log;

    BoardPanel(
            DomainHost wires,
            DomainDirectory directory,
            Driver driver,
            XenDomain xen,
            DomainLog log) {
        this.wires = wires;
        this.directory = directory;
        this.driver = driver;
        this.xen = xen;
        this.log = log;
    }

    @Override
    public void pressSysrq(char key) throws DomainException {
        DomainException.require(key > ' ' && key < 0x7F, "a sysrq is one printable character");
        driver.perform(() -> directory.pressSysrq(key));
    }

    @Override
    public void pressDebugKey(char key) {
        DebugKey.of(key)
                .ifPresent(known -> driver.perform(() -> xen.describe(known).forEach(log::add)));
    }

    @Override
    public void trigger(Trigger trigger, int vcpu) throws DomainException {
        int vcpus = xen.spec().vcpus();
        DomainException.require(
                vcpu >= 0 && vcpu < vcpus,
                "there is no vCPU %d; the domain has %d".formatted(vcpu, vcpus));
        switch (trigger) {
            case NMI -> driver.perform(() -> wires.nonMaskableInterrupt(vcpu));
            // Xen takes these two and presses nothing: see docs/quirks.md.
            case POWER, SLEEP ->
                    throw new DomainException(
                            "a PVH domain has no %s button; see 'xl shutdown'"
                                    .formatted(trigger.word()));
            case RESET, INIT ->
                    throw new DomainException(
                            "send trigger '%s' failed: Xen has none on x86; see 'xl reboot'"
                                    .formatted(trigger.word()));
            case S3RESUME -> throw new DomainException("a PVH domain does not sleep (no ACPI S3)");
        }
    }
}
