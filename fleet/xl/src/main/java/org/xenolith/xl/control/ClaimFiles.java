package org.xenolith.xl.control;

import org.xenolith.base.Clock;
import org.xenolith.migration.Claims;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/// What has become of machines that came to this host, for all processes of it: a symbolic link for
/// each migration, which is made in one step or not at all.
final class ClaimFiles implements Claims {
    private static final Path TAKEN = Path.of("taken");
    private static final Path GIVEN_UP = Path.of("given-up");

    /// Nobody asks for one that is older.
    private static final long AGE_MILLIS_MAX = TimeUnit.DAYS.toMillis(30);

    private final Path directory;

    ClaimFiles(RuntimeDirectory runtime, Clock clock) throws IOException {
        directory = runtime.root().resolve("migrations");
        Files.createDirectories(directory);
        removeOld(clock.wallNanos() / 1_000_000 - AGE_MILLIS_MAX);
    }

    private void removeOld(long beforeMillis) throws IOException {
        try (var claims = Files.newDirectoryStream(directory)) {
            for (var claim : claims) {
                var made = Files.getLastModifiedTime(claim, LinkOption.NOFOLLOW_LINKS);
                if (made.toMillis() < beforeMillis) {
                    Files.deleteIfExists(claim);
                }
            }
        }
    }

    @Override
    public boolean take(UUID id) throws IOException {
        return decide(id, TAKEN).equals(TAKEN);
    }

    @Override
    public boolean giveUp(UUID id) throws IOException {
        return decide(id, GIVEN_UP).equals(GIVEN_UP);
    }

    private Path decide(UUID id, Path wanted) throws IOException {
        var claim = directory.resolve(id.toString());
        try {
            Files.createSymbolicLink(claim, wanted);
            return wanted;
        } catch (FileAlreadyExistsException _) {
            return Files.readSymbolicLink(claim);
        }
    }
}
