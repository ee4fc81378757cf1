package org.xenolith.xl;

import org.xenolith.base.Sizes;
import org.xenolith.board.AfterSave;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.InvalidConfigException;
import org.xenolith.board.VifConfig;
import org.xenolith.network.PortKind;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;
import org.xenolith.xl.config.ConfigWriter;
import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.DomainLauncher;
import org.xenolith.xl.control.SavedFile;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongConsumer;

/// `xl save`, `xl restore` and `xl fork`.
final class SaveCommands {
    /// Digits before the first hyphen of a UUID.
    private static final int UUID_BLOCK = 8;

    private SaveCommands() {}

    // ---------------------------------------------------------------- save

    static int save(Session session, Arguments arguments) throws ConfigException, ControlException {
        var words = arguments.operands();
        var entry = session.runtime().find(words.getFirst());
        var file = Path.of(words.get(1)).toAbsolutePath();
        var config = Optional.<String>empty();
        if (words.size() > 2) {
            var text = ConfigReader.readFile(words.get(2));
            ConfigReader.read(words.get(2), text); // refused now rather than when it is needed
            config = Optional.of(text);
        }
        session.err().println("Saving to " + file);
        new ControlClient(entry).save(file, config, after(arguments), progress(session));
        return 0;
    }

    /// With both options the domain is left paused, as in Xen (`save_domain` in
    /// tools/xl/xl_saverestore.c).
    private static AfterSave after(Arguments arguments) {
        if (arguments.has("p")) {
            return AfterSave.STAY_PAUSED;
        }
        return arguments.has("c") ? AfterSave.GO_ON : AfterSave.DESTROY;
    }

    private static LongConsumer progress(Session session) {
        return pages ->
                session.err()
                        .printf("xl: %d MiB of memory%n", pages * Sizes.PAGE_BYTES / Sizes.MIB);
    }

    // ---------------------------------------------------------------- restore

    static int restore(Session session, Arguments arguments)
            throws UsageException,
                    ConfigException,
                    ControlException,
                    IOException,
                    InterruptedException {
        var words = arguments.operands();
        var file = Path.of(words.getLast()).toAbsolutePath();
        var saved = config(file);
        boolean overridden = words.size() > 1;
        var source = overridden ? words.getFirst() : file.toString();
        var text = overridden ? ConfigReader.readFile(source) : saved;
        var result = ConfigReader.read(source, text);
        session.err().println("Restoring from " + file);
        result.warnings().forEach(session.err()::println);
        boolean follow = arguments.has("c") || arguments.has("F");
        int id = launcher(session).restore(source, text, follow || arguments.has("p"), file);
        return follow ? CreateCommand.follow(session, arguments, id) : 0;
    }

    private static DomainLauncher launcher(Session session) {
        return new DomainLauncher(session.runtime(), what -> session.err().println("xl: " + what));
    }

    /// The configuration in a saved file.
    private static String config(Path file) throws ControlException {
        try (var arena = Arena.ofConfined();
                var channel = FileChannel.open(file)) {
            var mapped = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
            return SavedFile.read(mapped).config();
        } catch (NoSuchFileException e) {
            throw new ControlException("cannot restore " + file + ": no such file", e);
        } catch (IOException | DomainException e) {
            throw new ControlException("cannot restore %s: %s".formatted(file, e.getMessage()), e);
        }
    }

    // ---------------------------------------------------------------- fork

    /// The twin begins at the instant at which the domain stands still for a moment. The file
    /// between the two has no name as soon as the twin shows it.
    static int fork(Session session, Arguments arguments)
            throws UsageException, ConfigException, ControlException, IOException {
        var entry = session.runtime().find(arguments.operands().getFirst());
        var name = arguments.operands().get(1);
        var directory = Files.createTempDirectory(session.runtime().root(), "fork");
        var file = directory.resolve("machine");
        try {
            new ControlClient(entry)
                    .save(file, Optional.empty(), AfterSave.GO_ON, progress(session));
            var text = ConfigWriter.text(twin(config(file), name));
            launcher(session).restore("xl fork", text, arguments.has("p"), file);
            return 0;
        } finally {
            Files.deleteIfExists(file);
            Files.delete(directory);
        }
    }

    /// The twin has the same addresses as the domain, of which a network must not have two: its
    /// interfaces are plugged into a network of its own. With passt, where each is alone, it stays,
    /// but for the host's ports, which are in use.
    private static DomainConfig twin(String config, String name)
            throws ConfigException, UsageException {
        var uuid = DomainConfig.randomUuid();
        var domain = ConfigReader.read("xl fork", config).config();
        try {
            return domain.withIdentity(name, uuid)
                    .withVifs(
                            domain.vifs().stream().map(vif -> vif.with(apart(vif, uuid))).toList());
        } catch (InvalidConfigException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static PortKind apart(VifConfig vif, UUID uuid) {
        return switch (vif.kind()) {
            case PortKind.Bridge _, PortKind.Network _ ->
                    new PortKind.Network("fork-" + uuid.toString().substring(0, UUID_BLOCK));
            case PortKind.Passt(_, var addresses, var reachesHost) ->
                    new PortKind.Passt(List.of(), addresses, reachesHost);
        };
    }
}
