package org.xenolith.xl.control;

import static org.xenolith.xl.control.ControlClient.ANSWER_MILLIS_MAX;
import static org.xenolith.xl.control.ControlClient.request;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.board.Affinity;
import org.xenolith.board.Trigger;

import java.nio.file.Path;

/// Asks a domain's process to change what its guest has: the other end of [GuestCalls].
public final class GuestClient {
    /// A longer configuration does not fit a request with all its bytes escaped.
    static final int CONFIG_CHARACTERS_MAX = 5 * 1024;

    /// How long a disk may take for all of a guest's memory.
    private static final long DUMP_MILLIS_MAX = 3_600_000;

    private final ControlClient client;

    public GuestClient(DomainEntry entry) {
        this.client = new ControlClient(entry);
    }

    public void setMemory(long kibibytes) throws ControlException {
        ask(request(Call.MEM_SET).put("target", kibibytes));
    }

    public void setMaxMemory(long kibibytes) throws ControlException {
        ask(request(Call.MEM_MAX).put("max", kibibytes));
    }

    public void setVcpus(int count) throws ControlException {
        ask(request(Call.VCPU_SET).put("count", count));
    }

    public void pin(int vcpu, Affinity affinity) throws ControlException {
        var request = request(Call.VCPU_PIN).put("vcpu", vcpu);
        AffinityJson.put(request, affinity);
        ask(request);
    }

    public void pressSysrq(char key) throws ControlException {
        ask(request(Call.SYSRQ).put("key", Character.toString(key)));
    }

    /// Presses them one after the other.
    public void pressDebugKeys(String keys) throws ControlException {
        ask(request(Call.DEBUG_KEYS).put("keys", keys));
    }

    public void trigger(Trigger trigger, int vcpu) throws ControlException {
        ask(request(Call.TRIGGER).put("trigger", trigger.word()).put("vcpu", vcpu));
    }

    /// Writes a core file, and returns when it is written.
    public void dumpCore(Path file) throws ControlException {
        client.ask(
                request(Call.DUMP_CORE).put("file", file.toAbsolutePath().toString()),
                DUMP_MILLIS_MAX);
    }

    public void rename(String name) throws ControlException {
        ask(request(Call.RENAME).put("name", name));
    }

    /// `text` is what xl.cfg says from the next boot on; `source` names it in messages.
    public void updateConfig(String source, String text) throws ControlException {
        if (text.length() > CONFIG_CHARACTERS_MAX) {
            throw new ControlException(
                    "%s is longer than %d characters, too long for a running domain"
                            .formatted(source, CONFIG_CHARACTERS_MAX));
        }
        ask(request(Call.CONFIG_UPDATE).put("source", source).put("text", text));
    }

    private void ask(ObjectNode request) throws ControlException {
        client.ask(request, ANSWER_MILLIS_MAX);
    }
}
