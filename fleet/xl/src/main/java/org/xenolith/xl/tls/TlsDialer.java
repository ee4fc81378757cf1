package org.xenolith.xl.tls;

import org.xenolith.migration.Deadline;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Arrays;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

/// Makes connections to a [TlsListener].
public final class TlsDialer {
    private static final int CONNECT_MILLIS_MAX = 20_000;

    private final TlsIdentity identity;

    public TlsDialer(TlsIdentity identity) {
        this.identity = identity;
    }

    /// A connection whose other end is who `address` says, and has let us in.
    ///
    /// @throws TlsException if there is none, with the reason
    public SSLSocket dial(TlsAddress address) throws TlsException {
        SSLSocket socket;
        try {
            socket = (SSLSocket) identity.context().getSocketFactory().createSocket();
        } catch (IOException e) {
            throw new TlsException("cannot make a socket: " + e.getMessage(), e);
        }
        try {
            connect(socket, address);
            return socket;
        } catch (TlsException e) {
            closeAfter(e, socket);
            throw e;
        }
    }

    private void connect(SSLSocket socket, TlsAddress address) throws TlsException {
        try (var _ = Deadline.closing(socket, CONNECT_MILLIS_MAX)) {
            try {
                socket.connect(new InetSocketAddress(address.host(), address.port()));
                socket.setTcpNoDelay(true);
                socket.setKeepAlive(true);
            } catch (IOException e) {
                throw new TlsException("cannot reach %s: %s".formatted(address, reason(e)), e);
            }
            shakeHands(socket, address);
            awaitGreeting(socket, address);
        }
    }

    private static String reason(IOException e) {
        return e instanceof java.net.UnknownHostException
                ? "there is no such host"
                : String.valueOf(e.getMessage());
    }

    private void shakeHands(SSLSocket socket, TlsAddress address) throws TlsException {
        try {
            var parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS"); // RFC 9110 4.3.4
            socket.setSSLParameters(parameters);
            socket.startHandshake();
        } catch (IOException e) {
            throw new TlsException(
                    "%s does not prove by %s who it is: %s"
                            .formatted(address, identity.authorities(), TlsException.reason(e)),
                    e);
        }
    }

    /// In TLS 1.3 whoever connects is through before the other end has looked at its certificate.
    private static void awaitGreeting(SSLSocket socket, TlsAddress address) throws TlsException {
        try {
            var greeting = socket.getInputStream().readNBytes(TlsListener.GREETING.length);
            if (!Arrays.equals(greeting, TlsListener.GREETING)) {
                throw new TlsException(address + " is no 'xl migrate-listen'");
            }
        } catch (SSLException e) {
            throw new TlsException(
                    "%s does not let us in with our certificate: %s"
                            .formatted(address, refusal(TlsException.reason(e))),
                    e);
        } catch (TlsException e) {
            throw e;
        } catch (IOException e) {
            throw new TlsException("%s has hung up: %s".formatted(address, e.getMessage()), e);
        }
    }

    /// A certificate that no authority of the other end's has signed is not even sent.
    private static String refusal(String alert) {
        return alert.contains("certificate_required")
                ? "it is of none of the authorities that it believes"
                : alert;
    }

    private static void closeAfter(TlsException reason, SSLSocket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }
}
