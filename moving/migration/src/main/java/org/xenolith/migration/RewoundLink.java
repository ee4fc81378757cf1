package org.xenolith.migration;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/// A connection of which somebody has read the first octets already, as it was before. What is read
/// is for one thread.
public final class RewoundLink implements Link {
    private final Link link;
    private final Rewound input;

    /// @param octets that have been read from `link`
    public RewoundLink(byte[] octets, Link link) {
        this.link = link;
        this.input = new Rewound(ByteBuffer.wrap(octets), link.input());
    }

    private record Rewound(ByteBuffer octets, ReadableByteChannel rest)
            implements ReadableByteChannel {
        @Override
        public int read(ByteBuffer target) throws IOException {
            if (!octets.hasRemaining()) {
                return rest.read(target);
            }
            int count = Math.min(octets.remaining(), target.remaining());
            target.put(octets.slice(octets.position(), count));
            octets.position(octets.position() + count);
            return count;
        }

        @Override
        public boolean isOpen() {
            return rest.isOpen();
        }

        @Override
        public void close() throws IOException {
            rest.close();
        }
    }

    @Override
    public ReadableByteChannel input() {
        return input;
    }

    @Override
    public WritableByteChannel output() {
        return link.output();
    }

    @Override
    public void close() throws IOException {
        link.close();
    }
}
