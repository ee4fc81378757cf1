package org.xenolith.board;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/// The network interfaces of a domain: what is plugged in stays over a reboot.
final class LiveInterfaces implements Interfaces {
    private final Domain domain;

    LiveInterfaces(Domain domain) {
        this.domain = domain;
    }

    @Override
    public VifConfig attach(VifConfig vif) throws DomainException, InterruptedException {
        var attached = new AtomicReference<VifConfig>();
        domain.alter((machine, before) -> {
            attached.set(machine.interfaces().attach(before.complete(vif)));
            return before.withVifs(
                    Stream.concat(before.vifs().stream(), Stream.of(attached.get())).toList());
        });
        return attached.get();
    }

    @Override
    public void detach(int devid, boolean force) throws DomainException, InterruptedException {
        domain.machine().interfaces().detach(devid, force);
        domain.alter((_, before) ->
                before.withVifs(
                        before.vifs().stream()
                                .filter(vif -> vif.devid().orElseThrow() != devid)
                                .toList()));
    }

    @Override
    public void setLink(int devid, boolean up) throws DomainException {
        domain.machine().interfaces().setLink(devid, up);
    }

    @Override
    public List<InterfaceInfo> list() {
        return domain.machine().interfaces().list();
    }
}
