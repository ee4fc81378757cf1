package org.xenolith.board;

/// The memory of a domain, over its reboots.
final class LiveBalloon implements Balloon {
    private final Domain domain;

    LiveBalloon(Domain domain) {
        this.domain = domain;
    }

    @Override
    public MemoryInfo info() {
        return domain.machine().balloon().info();
    }

    @Override
    public void setTarget(long bytes) throws DomainException, InterruptedException {
        change(balloon -> balloon.setTarget(bytes));
    }

    @Override
    public void setMax(long bytes) throws DomainException, InterruptedException {
        change(balloon -> balloon.setMax(bytes));
    }

    @FunctionalInterface
    private interface Setting {
        void apply(Balloon balloon) throws DomainException, InterruptedException;
    }

    private void change(Setting setting) throws DomainException, InterruptedException {
        domain.alter((machine, before) -> {
            setting.apply(machine.balloon());
            var memory = machine.balloon().info();
            return before.withMemory(memory.target(), memory.max());
        });
    }
}
