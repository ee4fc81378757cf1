package org.xenolith.board;

import org.xenolith.boot.BootException;
import org.xenolith.boot.BootModule;
import org.xenolith.boot.GuestKit;
import org.xenolith.boot.KernelImage;
import org.xenolith.state.stream.MappedInput;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamInput;
import org.xenolith.state.stream.StreamReader;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes PVH machines: files first, so that a missing or damaged one costs nothing, then [Wiring].
final class BoardBuilder implements MachineBuilder {
    private final Map<String, String> environment;
    private final Optional<Engines> engines;

    /// `environment` says where the guest kit is cached; `engines`, if it is not what the
    /// configuration asks for, what runs all machines.
    BoardBuilder(Map<String, String> environment, Optional<Engines> engines) {
        this.environment = environment;
        this.engines = engines;
    }

    /// What makes the machine that `input` holds, instead of booting one.
    ///
    /// @param source how the pages of the stream come into memory
    MachineBuilder restoring(StreamInput input, MachineImage.PageSource source) {
        return restoring(input, source, (_, _, _) -> MachineImage.Progress.IGNORED);
    }

    /// The same of a machine that runs elsewhere while it comes.
    MachineBuilder arriving(StreamInput input, Xenolith.Arrivals arrivals) {
        return restoring(
                input,
                MachineImage.PageSource.COPY,
                (config, around, chosen) -> new ArrivingProgress(config, around, chosen, arrivals));
    }

    /// Who is told how far a machine is that is made so.
    private interface Follower {
        MachineImage.Progress of(DomainConfig config, Surroundings around, Engines engines);
    }

    private MachineBuilder restoring(
            StreamInput input, MachineImage.PageSource source, Follower follower) {
        return (config, surroundings) -> {
            var chosen = engines.orElse(Engines.choose(config.engine()));
            try {
                var reader = new StreamReader(input);
                try (var image = MachineImage.begin(reader, source, chosen)) {
                    var wiring = Wiring.begin(config, surroundings, chosen, image);
                    var disks = new ArrivingDisks(config.disks());
                    var progress = follower.of(config, surroundings, chosen);
                    return finish(wiring, image, reader, progress, disks);
                }
            } catch (StreamException e) {
                throw new DomainException(e.getMessage(), e);
            } catch (IOException e) {
                throw new DomainException.InputFailed(e);
            } catch (OutOfMemoryError e) {
                throw tooLittleMemory(e);
            }
        };
    }

    private static Machine finish(
            Wiring wiring,
            MachineImage image,
            StreamReader reader,
            MachineImage.Progress progress,
            ArrivingDisks disks)
            throws DomainException, StreamException, IOException {
        try {
            image.readRest(reader, progress, disks);
            disks.finish();
            var machine = wiring.restored(image);
            image.taken();
            machine.unlessStarted(disks::close);
            return machine;
        } catch (DomainException | StreamException | IOException | RuntimeException | Error e) {
            wiring.abandon();
            disks.close();
            throw e;
        }
    }

    /// The same from a file, whose pages are shown rather than copied where the host can.
    MachineBuilder restoring(Path file, Xenolith.StreamBeginning beginning) {
        return (config, surroundings) -> {
            try (var arena = Arena.ofShared();
                    var pages = MappedPages.of(file);
                    var channel = FileChannel.open(pages.path())) {
                var mapped = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
                var input = new MappedInput(mapped, beginning.in(mapped));
                return restoring(input, pages).build(config, surroundings);
            } catch (NoSuchFileException e) {
                throw new DomainException("no such file", e);
            } catch (IOException e) {
                throw new DomainException("cannot read: " + e.getMessage(), e);
            }
        };
    }

    private static DomainException tooLittleMemory(OutOfMemoryError e) {
        return new DomainException("this host has too little memory: " + e.getMessage(), e);
    }

    @Override
    public Machine build(DomainConfig config, Surroundings surroundings) throws DomainException {
        HostMemoryCheck.require(config.memoryBytes());
        var chosen = Engines.choose(config.engine());
        try (var files = bootFiles(config, surroundings);
                var kernel = KernelImage.read(files.kernel(), config.memoryBytes())) {
            var modules = new ArrayList<BootModule>();
            if (files.ramdisk().isPresent()) {
                modules.add(BootModule.ramdisk(files.ramdisk().get(), config.memoryBytes()));
            }
            return Wiring.wire(
                    config.withCommandLine(files.commandLine()),
                    surroundings,
                    engines.orElse(chosen),
                    kernel,
                    List.copyOf(modules));
        } catch (BootException e) {
            throw new DomainException(e.getMessage(), e);
        } catch (OutOfMemoryError e) {
            throw tooLittleMemory(e);
        }
    }

    private BootFiles bootFiles(DomainConfig config, Surroundings surroundings)
            throws BootException {
        if (config.bootloader().isPresent()) {
            return BootFiles.fromDisk(config, config.bootloader().get(), surroundings.log());
        }
        var kit = GuestKit.ofUser(environment, surroundings.progress());
        return BootFiles.ofHost(config, kit);
    }
}
