package org.xenolith.simulation;

import org.xenolith.mirror.protocol.Decision;
import org.xenolith.mirror.protocol.PrimaryProtocol;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// What must never be, looked at whenever something happens, and what must be in the end.
final class Judge {
    /// A law has been broken.
    static final class Broken extends AssertionError {
        private static final long serialVersionUID = 1L;

        Broken(String law) {
            super(law);
        }
    }

    /// What the machine was at each checkpoint.
    private final Map<Long, Long> digests = new HashMap<>();

    private PrimaryHost primary;
    private BackupHost backup;
    private Register register;

    void watch(PrimaryHost thePrimary, BackupHost theBackup, Register theRegister) {
        primary = thePrimary;
        backup = theBackup;
        register = theRegister;
    }

    void require(boolean holds, String law) {
        if (!holds) {
            throw new Broken(law);
        }
    }

    // ---------------------------------------------------------------- at all times

    void checkpointTaken(long epoch, long digest) {
        digests.put(epoch, digest);
    }

    /// The primary lets output of an epoch be seen. It may do so late, of a past that both have.
    void primaryIsSeen(long epoch) {
        if (backup.committed() >= epoch) {
            return;
        }
        require(!backup.isPromoted(), "two are alive: the primary is seen behind a promotion");
        require(
                register.decision().equals(Optional.of(Decision.ALONE))
                        || backup.isDiscarded()
                        || !primary.hasSentAnEpoch(),
                "output of epoch %d is seen that the backup does not have".formatted(epoch));
    }

    void primaryExecutes() {
        require(!primary.isUnanswered(), "the machine runs on though the arbiter does not answer");
    }

    void goesUnprotected() {
        require(!backup.isPromoted(), "two are alive: the primary goes on behind a promotion");
    }

    /// @param claimed the backup has asked for the machine already
    void committed(long epoch, long digest, boolean claimed) {
        require(!claimed, "an epoch is committed behind a claim: " + epoch);
        require(
                digests.containsKey(epoch) && digests.get(epoch) == digest,
                "the backup is not what the primary was at epoch " + epoch);
    }

    /// @param epoch from which it goes on
    /// @param acknowledged the last one that the primary has been told of
    void promoted(long epoch, long acknowledged, long digest) {
        require(epoch >= acknowledged, "an epoch that was acknowledged is lost: " + epoch);
        require(
                digests.containsKey(epoch) && digests.get(epoch) == digest,
                "what is promoted is not what the primary was at epoch " + epoch);
        require(
                primary.isCrashed() || primary.phase() != PrimaryProtocol.Phase.UNPROTECTED,
                "two are alive: the backup is promoted while the primary goes on");
    }

    /// @param refused it has told the primary that it will never have the machine, or cannot have
    ///   it any more
    void discarded(long epoch, boolean refused) {
        require(
                epoch < 0 || refused || register.decision().equals(Optional.of(Decision.ALONE)),
                "the backup throws away what nobody else may have");
    }

    // ---------------------------------------------------------------- in the end

    /// Everything has been whole for a while.
    void atTheEnd(Client client, long answeredBefore) {
        boolean here = primary.isUp() && primary.runs();
        boolean there = backup.isUp() && backup.isPromoted();
        require(!here || !there, "two are alive in the end");
        if (mustRun()) {
            require(here || there, "nothing runs in the end");
            require(
                    client.questionsAnswered() > answeredBefore,
                    "the machine does not answer in the end");
        }
        var survivor = here ? primary.guest() : there ? backup.guest() : null;
        if (survivor != null) {
            for (var entry : client.all()) {
                require(survivor.has(entry), "lost what was acknowledged: " + entry);
            }
        }
    }

    /// Whether there must be a machine: who has the right to it, or may get it, is up.
    private boolean mustRun() {
        boolean isBackups = primary.phase() == PrimaryProtocol.Phase.FENCED;
        if (primary.isUp() && !isBackups) {
            return true;
        }
        boolean backupHasIt = backup.committed() >= 0 && !backup.isDiscarded();
        boolean isPrimarys = register.decision().equals(Optional.of(Decision.ALONE));
        return backup.isUp() && (isBackups || backupHasIt && !isPrimarys);
    }
}
