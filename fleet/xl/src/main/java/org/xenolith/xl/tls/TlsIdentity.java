package org.xenolith.xl.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// What a host proves itself with, and whom it believes. In a directory there are, as PEM:
/// `ca.pem`, the certificates whose signature is believed; `cert.pem`, the host's own certificate
/// and those between it and one of the former; `key.pem`, its private key as PKCS #8 (RFC 5208),
/// without a password.
public final class TlsIdentity {
    private static final long FILE_BYTES_MAX = 1 << 20;

    private static final Pattern KEY =
            Pattern.compile("-----BEGIN ([A-Z ]*)PRIVATE KEY-----([^-]*)-----END", Pattern.DOTALL);

    private static final List<String> KEY_ALGORITHMS = List.of("EC", "RSA", "EdDSA");

    /// The key store lives in this process alone.
    private static final char[] NO_PASSWORD = {};

    private final SSLContext context;
    private final Path directory;

    private TlsIdentity(SSLContext context, Path directory) {
        this.context = context;
        this.directory = directory;
    }

    /// @throws TlsException if a file is missing or is not what it should be
    public static TlsIdentity read(Path directory) throws TlsException {
        try {
            var context = SSLContext.getInstance("TLSv1.3");
            var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(own(directory), NO_PASSWORD);
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(believed(directory));
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return new TlsIdentity(context, directory);
        } catch (GeneralSecurityException | IOException e) {
            if (e instanceof TlsException reason) {
                throw reason;
            }
            throw new TlsException(
                    "cannot use the certificates in %s: %s"
                            .formatted(directory, TlsException.reason(e)),
                    e);
        }
    }

    private static KeyStore own(Path directory) throws GeneralSecurityException, IOException {
        var store = emptyStore();
        var chain = certificates(directory.resolve("cert.pem")).toArray(Certificate[]::new);
        store.setKeyEntry("own", key(directory.resolve("key.pem")), NO_PASSWORD, chain);
        return store;
    }

    private static KeyStore believed(Path directory) throws GeneralSecurityException, IOException {
        var store = emptyStore();
        for (var certificate : certificates(directory.resolve("ca.pem"))) {
            store.setCertificateEntry("ca" + store.size(), certificate);
        }
        return store;
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        return store;
    }

    private static List<? extends Certificate> certificates(Path file)
            throws GeneralSecurityException, IOException {
        var found =
                CertificateFactory.getInstance("X.509")
                        .generateCertificates(new ByteArrayInputStream(bytes(file)));
        if (found.isEmpty()) {
            throw new TlsException(file + " has no certificate");
        }
        return List.copyOf(found);
    }

    private static PrivateKey key(Path file) throws GeneralSecurityException, IOException {
        var found = KEY.matcher(new String(bytes(file), StandardCharsets.US_ASCII));
        if (!found.find()) {
            throw new TlsException(file + " has no private key");
        }
        if (!found.group(1).isEmpty()) {
            throw new TlsException(
                    "%s has a key of the kind \"%s\"; it is to be PKCS #8 without a password"
                                    .formatted(file, found.group(1).strip())
                            + " (openssl pkcs8 -topk8 -nocrypt)");
        }
        var encoded = new PKCS8EncodedKeySpec(base64(file, found.group(2)));
        for (var algorithm : KEY_ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(encoded);
            } catch (InvalidKeySpecException _) {
                continue; // a key of another algorithm
            }
        }
        throw new TlsException("%s has a key of none of %s".formatted(file, KEY_ALGORITHMS));
    }

    private static byte[] base64(Path file, String text) throws TlsException {
        try {
            return Base64.getMimeDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new TlsException(file + " has a damaged key", e);
        }
    }

    private static byte[] bytes(Path file) throws IOException {
        try {
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw new TlsException(file + " is too long for a certificate or a key");
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new TlsException("there is no " + file, e);
        }
    }

    SSLContext context() {
        return context;
    }

    /// Whose certificates are believed, for people.
    Path authorities() {
        return directory.resolve("ca.pem");
    }
}
