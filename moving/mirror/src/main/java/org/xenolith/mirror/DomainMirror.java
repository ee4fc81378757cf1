package org.xenolith.mirror;

import org.xenolith.base.Sizes;
import org.xenolith.board.CopiedDisk;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainException;
import org.xenolith.board.Machine;
import org.xenolith.board.Mirroring;
import org.xenolith.migration.pages.CopiedPages;
import org.xenolith.migration.pages.DiskRounds;
import org.xenolith.migration.pages.PageSink;
import org.xenolith.migration.pages.Rounds;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/// The machine that a domain runs now. A reboot ends its protection; a machine that is fenced takes
/// its domain with it.
public final class DomainMirror implements MirroredMachine {
    /// Pages that a guest may write, beside an eighth of what it has written, from the last look at
    /// it until it stands still.
    private static final int PAGES_MEANWHILE = 512;

    private final Domain domain;
    private final Machine machine;
    private final Supplier<String> config;
    private final Mirroring mirroring;
    private final Rounds rounds;
    private final Consumer<Mirroring.Pause> pauses;

    /// Those that are being copied, before checkpoint 0.
    private List<CopiedDisk> copies = List.of();

    private Optional<DiskRounds> disks = Optional.empty();

    /// To be used again. Guarded by itself.
    private final ArrayDeque<CopiedPages> spare = new ArrayDeque<>();

    /// What is given back is not needed again. Guarded by `spare`.
    private boolean over;

    /// `config` writes what the domain is made of, as the backup will read it; `pauses` is told
    /// what the machine has stood still for at each checkpoint.
    ///
    /// @throws MirrorException if the domain cannot be mirrored
    public DomainMirror(Domain domain, Supplier<String> config, Consumer<Mirroring.Pause> pauses)
            throws MirrorException {
        this.domain = domain;
        this.machine = domain.machine();
        this.config = config;
        this.pauses = pauses;
        try {
            mirroring = machine.mirror();
        } catch (DomainException e) {
            throw new MirrorException(e.getMessage(), e);
        }
        rounds = new Rounds(machine.memory());
    }

    @Override
    public String config() {
        return config.get();
    }

    @Override
    public void saveStaticData(StreamWriter out) throws IOException {
        machine.saveStaticData(out);
    }

    // ---------------------------------------------------------------- the first copy

    @Override
    public void sendRound(PageSink pages, StreamWriter out) throws IOException, MirrorException {
        requireThere();
        if (disks.isEmpty()) {
            copies = copyDisks();
            disks = Optional.of(new DiskRounds(copies, out));
            disks.get().begin();
        }
        try {
            disks.get().send();
            rounds.send(machine.ownPages(), pages);
        } catch (IllegalStateException e) {
            throw new MirrorException("the guest has rebooted or is gone", e);
        }
    }

    private List<CopiedDisk> copyDisks() throws MirrorException {
        try {
            return mirroring.copyDisks();
        } catch (DomainException e) {
            throw new MirrorException(e.getMessage(), e);
        }
    }

    private void requireThere() throws MirrorException {
        if (domain.machine() != machine) {
            throw new MirrorException("the guest has rebooted");
        }
    }

    @Override
    public long remainingPages() {
        return rounds.dirty() + disks.map(DiskRounds::dirtyBytes).orElse(0L) / Sizes.PAGE_BYTES;
    }

    @Override
    public void throttle(int percent) {
        machine.throttle(percent);
    }

    /// What the backup does not have yet of disks. What is done to them from before this on is
    /// written down too, so that the end of the first copy needs no time in which all stands still.
    private LastParts lastParts() throws MirrorException {
        var parts = new LastParts();
        boolean taken = false;
        try {
            mirroring.recordDisks();
            for (var disk : copies) {
                parts.take(disk);
            }
            taken = true;
            return parts;
        } catch (DomainException | IOException e) {
            throw new MirrorException("a disk cannot be copied: " + e.getMessage(), e);
        } finally {
            endCopies();
            if (!taken) {
                parts.close();
            }
        }
    }

    private void endCopies() {
        disks.ifPresent(DiskRounds::close);
        copies = List.of();
    }

    // ---------------------------------------------------------------- checkpoints

    @Override
    public Checkpoint checkpoint(long epoch) throws MirrorException {
        requireThere();
        var parts = epoch == 0 ? lastParts() : new LastParts();
        var pages = takeSpare();
        Checkpoint taken = null;
        try {
            taken = take(epoch, pages, parts);
            return taken;
        } finally {
            if (taken == null) {
                pages.close();
                parts.close();
            }
        }
    }

    private Checkpoint take(long epoch, CopiedPages pages, LastParts parts) throws MirrorException {
        try {
            long dirty = rounds.dirty();
            pages.prepare(dirty + dirty / 8 + PAGES_MEANWHILE);
            var moment = mirroring.moment(epoch, ownPages -> copy(ownPages, pages));
            pauses.accept(moment.pause());
            return new Taken(moment, pages, parts);
        } catch (DomainException e) {
            throw new MirrorException(e.getMessage(), e);
        } catch (IllegalStateException e) {
            throw new MirrorException("the machine is gone", e);
        } catch (OutOfMemoryError e) {
            throw new MirrorException("memory cannot be copied: " + e, e);
        }
    }

    private void copy(Set<Long> ownPages, CopiedPages pages) throws DomainException {
        try {
            rounds.send(ownPages, pages);
        } catch (IOException e) {
            throw new DomainException(e.getMessage(), e);
        }
    }

    private CopiedPages takeSpare() {
        synchronized (spare) {
            return spare.isEmpty() ? new CopiedPages() : spare.pop();
        }
    }

    private void giveSpare(CopiedPages pages) {
        synchronized (spare) {
            if (over) {
                pages.close();
            } else {
                spare.push(pages);
            }
        }
    }

    private void giveBackSpare() {
        synchronized (spare) {
            over = true;
            spare.forEach(CopiedPages::close);
            spare.clear();
        }
    }

    private final class Taken implements Checkpoint {
        private final Mirroring.Moment moment;
        private final CopiedPages pages;
        private final LastParts parts;

        Taken(Mirroring.Moment moment, CopiedPages pages, LastParts parts) {
            this.moment = moment;
            this.pages = pages;
            this.parts = parts;
        }

        @Override
        public long pauseNanos() {
            return moment.pause().still();
        }

        @Override
        public long pages() {
            return pages.withContent();
        }

        @Override
        public void write(PageSink sink, StreamWriter out) throws IOException {
            pages.send(sink);
            parts.write(out);
            moment.save(out);
        }

        @Override
        public void close() {
            pages.clear();
            giveSpare(pages);
            parts.close();
            moment.close();
        }
    }

    // ---------------------------------------------------------------- what leaves

    @Override
    public void onSettled(LongConsumer settled) {
        mirroring.onSettled(settled);
    }

    @Override
    public void release(long epoch) {
        mirroring.release(epoch);
    }

    @Override
    public void standStill() {
        mirroring.standStill();
    }

    @Override
    public void goUnprotected() {
        endCopies();
        machine.throttle(0);
        mirroring.goUnprotected();
        giveBackSpare();
    }

    @Override
    public void fence() {
        mirroring.fence();
        giveBackSpare();
        domain.log().add("the machine goes on at the backup; it ends here");
        Thread.ofVirtual().name("fenced").start(domain::close);
    }
}
