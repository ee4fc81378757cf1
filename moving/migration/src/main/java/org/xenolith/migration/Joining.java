package org.xenolith.migration;

import org.xenolith.migration.frames.Envelope;

import java.io.IOException;
import java.util.Arrays;

/// A further connection of a migration, at the end where it comes in: brings it to whoever serves
/// the first.
public final class Joining {
    /// How much of what comes first [#begins] looks at.
    public static final int BEGINNING_BYTES = Envelope.HEADER_BYTES;

    private Joining() {}

    /// Whether a connection that begins so is a further one.
    public static boolean begins(byte[] octets) {
        return octets.length >= BEGINNING_BYTES
                && Frames.beginsJoin(Arrays.copyOf(octets, BEGINNING_BYTES));
    }

    /// Serves a connection that begins so, from its first octet to its end. It is for the caller to
    /// close.
    ///
    /// @throws IOException if nobody waits for it; who has made it has been told
    public static void serve(Link link, Joins joins) throws IOException {
        if (!(Frames.read(link.input()) instanceof Frame.Join join)) {
            throw new IOException("this is no further connection of a migration");
        }
        serve(join, link, joins);
    }

    /// The same of a connection whose first word has been read.
    static void serve(Frame.Join join, Link link, Joins joins) throws IOException {
        try {
            joins.bring(join.token(), new RewoundLink(Frames.octets(join), link));
        } catch (IOException e) {
            Frames.write(link.output(), new Frame.Refused(String.valueOf(e.getMessage())));
            throw e;
        }
    }
}
