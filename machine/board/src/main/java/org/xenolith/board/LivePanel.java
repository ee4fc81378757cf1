package org.xenolith.board;

/// The keys and buttons of a domain's machine, whichever it has just now.
final class LivePanel implements Panel {
    private final Domain domain;

    LivePanel(Domain domain) {
        this.domain = domain;
    }

    @Override
    public void pressSysrq(char key) throws DomainException, InterruptedException {
        domain.alter((machine, before) -> {
            machine.panel().pressSysrq(key);
            return before;
        });
    }

    @Override
    public void trigger(Trigger trigger, int vcpu) throws DomainException, InterruptedException {
        domain.alter((machine, before) -> {
            machine.panel().trigger(trigger, vcpu);
            return before;
        });
    }

    @Override
    public void pressDebugKey(char key) throws DomainException, InterruptedException {
        domain.alter((machine, before) -> {
            machine.panel().pressDebugKey(key);
            return before;
        });
    }
}
