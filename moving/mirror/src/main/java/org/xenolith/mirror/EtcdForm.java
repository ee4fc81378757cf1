package org.xenolith.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.mirror.protocol.Decision;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;

/// Questions and answers in the JSON form of etcd's `TxnRequest`, `TxnResponse`, `RangeRequest` and
/// `RangeResponse` (api/etcdserverpb/rpc.proto): keys and values in base 64, 64-bit numbers as
/// text, what is zero left out.
final class EtcdForm {
    static final String PREFIX = "mirror/";

    private EtcdForm() {}

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(JsonNode base64) throws IOException {
        try {
            return new String(Base64.getDecoder().decode(base64.asText()), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new IOException("what the arbiter speaks of is not in base 64", e);
        }
    }

    private static String key(UUID session) {
        return base64(PREFIX + session);
    }

    // ---------------------------------------------------------------- the client's

    /// Put the decision if there is none, and read it otherwise.
    static JsonNode claim(ObjectMapper json, UUID session, Decision wanted) {
        var request = json.createObjectNode();
        request.putArray("compare")
                .addObject()
                .put("key", key(session))
                .put("target", "CREATE")
                .put("result", "EQUAL")
                .put("create_revision", "0");
        request.putArray("success")
                .addObject()
                .putObject("request_put")
                .put("key", key(session))
                .put("value", base64(wanted.word()));
        request.putArray("failure").addObject().putObject("request_range").put("key", key(session));
        return request;
    }

    static JsonNode range(ObjectMapper json, UUID session) {
        return json.createObjectNode().put("key", key(session));
    }

    /// What [#claim] has come to.
    static Decision decided(JsonNode answer, Decision wanted) throws IOException {
        var responses = answer.path("responses");
        if (answer.path("succeeded").asBoolean(false)) {
            require(responses.path(0).has("response_put"));
            return wanted;
        }
        require(responses.path(0).has("response_range"));
        return found(responses.path(0).path("response_range"))
                .orElseThrow(() -> new IOException("the arbiter has decided and does not say how"));
    }

    /// What [#range] has found.
    static Optional<Decision> found(JsonNode answer) throws IOException {
        require(answer.has("header"));
        var first = answer.path("kvs").path(0);
        return first.isMissingNode()
                ? Optional.empty()
                : Optional.of(decision(first.path("value")));
    }

    private static Decision decision(JsonNode value) throws IOException {
        var word = text(value);
        for (var decision : Decision.values()) {
            if (decision.word().equals(word)) {
                return decision;
            }
        }
        throw new IOException("the arbiter has decided what cannot be");
    }

    private static void require(boolean holds) throws IOException {
        if (!holds) {
            throw new IOException("the arbiter does not answer what it was asked");
        }
    }

    // ---------------------------------------------------------------- the witness'

    /// What a claim asks for.
    record Claim(UUID session, Decision wanted) {}

    /// @throws IOException if it is anything but [#claim]
    static Claim parseClaim(ObjectMapper json, JsonNode request) throws IOException {
        var put = request.path("success").path(0).path("request_put");
        var claim = new Claim(session(put.path("key")), decision(put.path("value")));
        if (!request.equals(claim(json, claim.session, claim.wanted))) {
            throw new IOException("only claims of sessions are understood here");
        }
        return claim;
    }

    /// @throws IOException if it is anything but [#range]
    static UUID parseRange(ObjectMapper json, JsonNode request) throws IOException {
        var session = session(request.path("key"));
        if (!request.equals(range(json, session))) {
            throw new IOException("only single sessions are looked up here");
        }
        return session;
    }

    private static UUID session(JsonNode key) throws IOException {
        var text = text(key);
        try {
            if (text.startsWith(PREFIX)) {
                return UUID.fromString(text.substring(PREFIX.length()));
            }
        } catch (IllegalArgumentException e) {
            throw new IOException("a key does not name a session", e);
        }
        throw new IOException("a key does not name a session");
    }

    /// @param put whether the claim was the first
    static JsonNode answerClaim(ObjectMapper json, UUID session, Decision decided, boolean put) {
        var answer = json.createObjectNode();
        answer.putObject("header");
        if (put) {
            answer.put("succeeded", true);
            answer.putArray("responses").addObject().putObject("response_put").putObject("header");
        } else {
            answer.putArray("responses")
                    .addObject()
                    .set("response_range", answerRange(json, session, Optional.of(decided)));
        }
        return answer;
    }

    static ObjectNode answerRange(ObjectMapper json, UUID session, Optional<Decision> decided) {
        var answer = json.createObjectNode();
        answer.putObject("header");
        decided.ifPresent(decision -> {
            answer.putArray("kvs")
                    .addObject()
                    .put("key", key(session))
                    .put("value", base64(decision.word()));
            answer.put("count", "1");
        });
        return answer;
    }
}
