package org.xenolith.xl.tls.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// Who signs certificates for a test, by the JDK's keytool.
public final class Authority {
    private static final String PASSWORD = "secret";
    private static final String CA = "ca";

    private final Path store;

    private Authority(Path store) {
        this.store = store;
    }

    /// @param directory that exists, for its keys
    public static Authority create(Path directory, String name) throws Exception {
        var authority = new Authority(directory.resolve(name + ".p12"));
        authority.generate(CA, List.of("-dname", "CN=" + name, "-ext", "bc:critical=ca:true"));
        return authority;
    }

    /// Makes `directory` what `xl` reads: an identity that this authority has signed.
    ///
    /// @param names as of `-ext san=`: `dns:localhost,ip:127.0.0.1`
    public Path issue(Path directory, String names) throws Exception {
        var alias = directory.getFileName().toString();
        generate(alias, List.of("-signer", CA, "-dname", "CN=" + alias, "-ext", "san=" + names));
        var keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
        Files.createDirectories(directory);
        write(directory.resolve("ca.pem"), "CERTIFICATE", keys.getCertificate(CA).getEncoded());
        write(
                directory.resolve("cert.pem"),
                "CERTIFICATE",
                keys.getCertificate(alias).getEncoded());
        write(
                directory.resolve("key.pem"),
                "PRIVATE KEY",
                keys.getKey(alias, PASSWORD.toCharArray()).getEncoded());
        return directory;
    }

    private static void write(Path file, String what, byte[] content) throws IOException {
        var text = Base64.getMimeEncoder().encodeToString(content);
        Files.writeString(
                file,
                "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, text, what),
                StandardCharsets.US_ASCII);
    }

    private void generate(String alias, List<String> more) throws Exception {
        var command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                alias,
                                "-keyalg",
                                "EC",
                                "-groupname",
                                "secp256r1",
                                "-validity",
                                "2",
                                "-keystore",
                                store.toString(),
                                "-storepass",
                                PASSWORD));
        command.addAll(more);
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("keytool: " + output);
        }
    }
}
