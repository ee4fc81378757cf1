package org.xenolith.maker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// The disk from which cloud-init learns what the guest is to be (its datasource NoCloud): a CD of
/// the name `cidata` with the files `meta-data` and `user-data`.
record Seed(GuestSpec spec, String instance) {
    static final HostTools.Tool TOOL = new HostTools.Tool("genisoimage", "genisoimage");

    private static final long USER_DATA_BYTES_MAX = 1 << 20;

    void write(HostTools tools, Path work, List<String> authorizedKeys, Optional<String> password)
            throws MakeException, IOException, InterruptedException {
        var directory = Files.createDirectories(work.resolve("seed"));
        Files.writeString(
                directory.resolve("meta-data"),
                "instance-id: %s\nlocal-hostname: %s\n".formatted(instance, spec.hostname()));
        Files.writeString(directory.resolve("user-data"), userData(authorizedKeys, password));
        tools.must(
                List.of(
                        "genisoimage",
                        "-quiet",
                        "-output",
                        spec.seed().toString(),
                        "-volid",
                        "cidata",
                        "-joliet",
                        "-rock",
                        directory.toString()),
                _ -> {});
    }

    private String userData(List<String> authorizedKeys, Optional<String> password)
            throws MakeException, IOException {
        if (spec.userData().isPresent()) {
            var file = spec.userData().get();
            if (Files.size(file) > USER_DATA_BYTES_MAX) {
                throw new MakeException(file + " is longer than " + USER_DATA_BYTES_MAX + " bytes");
            }
            return Files.readString(file);
        }
        var keys =
                authorizedKeys.stream()
                        .map(key -> "      - " + quoted(key) + "\n")
                        .collect(Collectors.joining());
        return """
        #cloud-config
        users:
          - name: %s
            groups: [adm, sudo]
            shell: /bin/bash
            sudo: "ALL=(ALL) NOPASSWD:ALL"
            lock_passwd: %s
        %s    ssh_authorized_keys:
        %s\
        """
                .formatted(
                        spec.user(),
                        password.isEmpty(),
                        password.map(word -> "    plain_text_passwd: " + quoted(word) + "\n")
                                .orElse(""),
                        keys);
    }

    /// A scalar of YAML in single quotes.
    private static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }
}
