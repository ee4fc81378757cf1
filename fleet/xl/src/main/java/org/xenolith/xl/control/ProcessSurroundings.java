package org.xenolith.xl.control;

import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.base.Entropy;
import org.xenolith.board.Console;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.DomainLog;
import org.xenolith.board.MachineBuilder;
import org.xenolith.board.VifConfig;
import org.xenolith.board.Xenolith;
import org.xenolith.network.Ports;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/// What is around the domain of a process.
///
/// @param progress told, in a few words, what a long build is doing
record ProcessSurroundings(RuntimeDirectory runtime, Consumer<String> progress) {
    private static final String CODE_SUFFIX = ".code";

    MachineBuilder.Surroundings of(int id) {
        var log = runtime.log();
        return new MachineBuilder.Surroundings(
                new DomainId(id),
                new Console(),
                new Console(),
                new DomainLog(new DomainId(id), log::append),
                Clock.system(),
                Entropy.system(),
                codeStore(),
                new Ports(runtime.root().resolve("networks"), Clock.system(), log::append)::open,
                Xenolith.dumps(),
                progress);
    }

    /// Does once what a domain that comes or goes is slow at the first time: see
    /// [Xenolith#rehearse] and [Ports#rehearse].
    static void rehearse(DomainConfig config) throws DomainException {
        Xenolith.rehearse();
        Ports.rehearse(config.vifs().stream().map(VifConfig::kind).toList());
    }

    /// Machine code that guests have needed, of this build. A cache that cannot be had is done
    /// without.
    private static Optional<Path> codeStore() {
        var classPath = System.getProperty("java.class.path");
        var files = BuildCache.of("code", classPath, System.getenv());
        try {
            files.createDirectory();
            files.removeOld(CODE_SUFFIX);
            return Optional.of(files.file(CODE_SUFFIX));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
