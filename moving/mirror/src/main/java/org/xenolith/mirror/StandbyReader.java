package org.xenolith.mirror;

import org.xenolith.base.Clock;
import org.xenolith.base.Threads;
import org.xenolith.mirror.protocol.BackupEvent;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.state.stream.ChannelInput;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamReader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.ArrayBlockingQueue;

/// Reads what the primary sends, on a thread of its own, which is the standby machine's as long as
/// the connection lasts.
final class StandbyReader {
    private final ReadableByteChannel link;
    private final StandbyMachine machine;
    private final Clock clock;
    private final EventLoop<BackupEvent, ?> loop;
    private final Thread thread;

    /// Whether what has been received may count.
    private final ArrayBlockingQueue<Boolean> permits = new ArrayBlockingQueue<>(2);

    private final StreamFrames stream = new StreamFrames();
    private volatile long heardAt;

    /// Of the reader's thread.
    private boolean hasEpoch;

    StandbyReader(
            ReadableByteChannel link,
            StandbyMachine machine,
            Clock clock,
            EventLoop<BackupEvent, ?> loop) {
        this.link = link;
        this.machine = machine;
        this.clock = clock;
        this.loop = loop;
        this.heardAt = clock.nanos();
        this.thread = Thread.ofPlatform().name("mirror-reader").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /// The standby machine is nobody's any more once this returns. All has been told that matters,
    /// the connection has been closed.
    void awaitEnd() {
        loop.hearNoMore();
        Threads.awaitEnd(thread);
    }

    /// When something has come last.
    long heardAt() {
        return heardAt;
    }

    void mayCommit() {
        permits.offer(true);
    }

    /// Nothing more is to count; the connection is being closed.
    void stop() {
        permits.offer(false);
    }

    /// Before there is an epoch nobody needs the copy, and the primary's operator is to hear what
    /// is in its way here.
    private BackupEvent unreadable(String reason) {
        return hasEpoch
                ? new BackupEvent.Disconnected("what comes is damaged: " + reason)
                : new BackupEvent.Failed(reason);
    }

    private void run() {
        try {
            var records = new StreamReader(new ChannelInput(stream));
            while (true) {
                machine.receive(records, round -> loop.say(new Message.RoundTaken(round)));
                long epoch = stream.epochEnd();
                loop.post(new BackupEvent.EpochReceived(epoch));
                if (!permits.take()) {
                    return;
                }
                machine.commit(epoch);
                hasEpoch = true;
                loop.post(new BackupEvent.EpochCommitted(epoch));
            }
        } catch (IOException e) {
            loop.post(new BackupEvent.Disconnected("the primary is lost: " + e.getMessage()));
        } catch (StreamException e) {
            loop.post(unreadable(String.valueOf(e.getMessage())));
        } catch (MirrorException e) {
            loop.post(new BackupEvent.Failed(String.valueOf(e.getMessage())));
        } catch (RuntimeException | Error e) { // nobody else would tell of it
            loop.post(new BackupEvent.Failed("the copy cannot be kept: " + e));
        } catch (InterruptedException _) {
            loop.post(new BackupEvent.Failed("interrupted"));
        }
    }

    /// The machine's stream out of its frames.
    private final class StreamFrames implements ReadableByteChannel {
        private ByteBuffer octets = ByteBuffer.allocate(0);

        @Override
        public int read(ByteBuffer target) throws IOException {
            while (!octets.hasRemaining()) {
                octets = nextOctets();
            }
            int count = Math.min(octets.remaining(), target.remaining());
            target.put(octets.slice(octets.position(), count));
            octets.position(octets.position() + count);
            return count;
        }

        private ByteBuffer nextOctets() throws IOException {
            while (true) {
                switch (next()) {
                    case Frames.Incoming.Octets(var more) -> {
                        loop.hear();
                        return more;
                    }
                    case Frames.Incoming.Said(Message.EpochEnd _) ->
                            throw new IOException("an epoch ends before its checkpoint");
                    case Frames.Incoming.Said(var message) -> said(message);
                }
            }
        }

        /// What follows a checkpoint.
        long epochEnd() throws IOException {
            if (octets.hasRemaining()) {
                throw new IOException("an epoch goes on behind its checkpoint");
            }
            while (true) {
                switch (next()) {
                    case Frames.Incoming.Octets _ ->
                            throw new IOException("an epoch goes on behind its checkpoint");
                    case Frames.Incoming.Said(Message.EpochEnd(long epoch)) -> {
                        return epoch;
                    }
                    case Frames.Incoming.Said(var message) -> said(message);
                }
            }
        }

        private Frames.Incoming next() throws IOException {
            var frame = Frames.read(link);
            heardAt = clock.nanos();
            return frame;
        }

        private void said(Message message) {
            if (message instanceof Message.Beat) {
                loop.hear();
            } else {
                loop.post(new BackupEvent.Received(message));
            }
        }

        @Override
        public boolean isOpen() {
            return link.isOpen();
        }

        @Override
        public void close() throws IOException {
            link.close();
        }
    }
}
