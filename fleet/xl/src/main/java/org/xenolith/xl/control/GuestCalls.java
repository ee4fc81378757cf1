package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.JsonNode;

import org.xenolith.base.Sizes;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainException;
import org.xenolith.board.Trigger;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;

import java.nio.file.Path;

/// Requests about a domain's memory, vCPUs, keys, name and configuration.
final class GuestCalls {
    private final Domain domain;
    private final RuntimeDirectory.Registration registration;

    GuestCalls(Domain domain, RuntimeDirectory.Registration registration) {
        this.domain = domain;
        this.registration = registration;
    }

    void setMemory(JsonNode request) throws DomainException, InterruptedException {
        domain.balloon().setTarget(bytes(request.path("target")));
    }

    void setMaxMemory(JsonNode request) throws DomainException, InterruptedException {
        domain.balloon().setMax(bytes(request.path("max")));
    }

    /// What is no number is 0; what is beyond the largest number is more than any domain has.
    private static long bytes(JsonNode kibibytes) {
        return Math.clamp(kibibytes.asLong(), 0, Long.MAX_VALUE / Sizes.KIB) * Sizes.KIB;
    }

    void setVcpus(JsonNode request) throws DomainException, InterruptedException {
        domain.processors().setOnline(request.path("count").asInt());
    }

    void pin(JsonNode request) throws DomainException, InterruptedException {
        domain.processors().pin(request.path("vcpu").asInt(), AffinityJson.parse(request));
    }

    void pressSysrq(JsonNode request) throws DomainException, InterruptedException {
        var key = request.path("key").asText();
        if (key.length() != 1) {
            throw new DomainException("a sysrq is one character");
        }
        domain.panel().pressSysrq(key.charAt(0));
    }

    void pressDebugKeys(JsonNode request) throws DomainException, InterruptedException {
        for (char key : request.path("keys").asText().toCharArray()) {
            domain.panel().pressDebugKey(key);
        }
    }

    void trigger(JsonNode request) throws DomainException, InterruptedException {
        var word = request.path("trigger").asText();
        var trigger = Trigger.ofWord(word);
        if (trigger.isEmpty()) {
            throw new DomainException("invalid trigger \"" + word + "\"");
        }
        domain.panel().trigger(trigger.get(), request.path("vcpu").asInt());
    }

    void dumpCore(JsonNode request) throws DomainException, InterruptedException {
        domain.dumpCore(Path.of(request.path("file").asText()));
    }

    /// The name is the domain's first and then the directory's, which may have it already.
    void rename(JsonNode request) throws DomainException, InterruptedException {
        var before = domain.config().name();
        var name = request.path("name").asText();
        domain.rename(name);
        try {
            registration.rename(name);
        } catch (ControlException e) {
            domain.rename(before);
            throw new DomainException(e.getMessage(), e);
        }
    }

    void updateConfig(JsonNode request) throws DomainException, InterruptedException {
        try {
            var text = request.path("text").asText();
            domain.updateConfig(ConfigReader.read(request.path("source").asText(), text).config());
        } catch (ConfigException e) {
            throw new DomainException(e.getMessage(), e);
        }
    }
}
