package org.xenolith.xl.tls;

import java.io.IOException;
import java.net.Socket;

/// A connection under TLS by which the reason of a refusal arrives. Closing a socket that still has
/// something to read makes the host's kernel reset the connection (RFC 2525, 2.17), and the other
/// end may then lose what was written last: the alert. So whoever is refused in the middle of what
/// it says is heard to its end first, within bounds.
final class PartingSocket extends Socket {
    private static final int READS_MAX = 16;
    private static final int READ_BYTES_MAX = 4096;
    private static final int READ_MILLIS_MAX = 500;

    /// Who shakes hands now. Others that close want it to end at once.
    private volatile Thread handshaking;

    /// To be called by the thread that shakes hands, before it does.
    void beginHandshake() {
        handshaking = Thread.currentThread();
    }

    /// From here on closing is closing.
    void endHandshake() {
        handshaking = null;
    }

    @Override
    public void close() throws IOException {
        if (Thread.currentThread() == handshaking && isConnected() && !isClosed()) {
            hearOut();
        }
        super.close();
    }

    private void hearOut() {
        try {
            shutdownOutput();
            setSoTimeout(READ_MILLIS_MAX);
            var unheard = new byte[READ_BYTES_MAX];
            for (int i = 0; i < READS_MAX; i++) {
                if (getInputStream().read(unheard) < 0) {
                    return;
                }
            }
        } catch (IOException _) {
            return; // it has gone, or is silent
        }
    }
}
