package org.xenolith.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.xenolith.mirror.protocol.Decision;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/// etcd, version 3.4 or later, by the JSON form of its interface (docs/specs/mirror-protocol.md);
/// `xl witness` speaks as much of that as is needed here. A decision is a key that is put only if
/// it has never been.
final class EtcdArbiter implements Arbiter {
    private static final Duration CONNECT_MAX = Duration.ofMillis(500);

    /// Of a whole answer, with its body.
    private static final Duration ANSWER_MAX = Duration.ofMillis(2000);

    private static final int MEMBERS_MAX = 9;
    private static final int ANSWER_BYTES_MAX = 65_536;

    private final List<URI> members;
    private final ObjectMapper json = new ObjectMapper();
    private final HttpClient http =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(CONNECT_MAX)
                    .build();

    /// @throws IllegalArgumentException if `urls` are none
    EtcdArbiter(String urls) {
        members = Stream.of(urls.split(",")).map(String::strip).map(EtcdArbiter::member).toList();
        if (members.size() > MEMBERS_MAX) {
            throw new IllegalArgumentException("an arbiter has at most 9 members");
        }
    }

    private static URI member(String url) {
        var uri = URI.create(url.endsWith("/") ? url : url + "/");
        boolean isHttp = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
        if (!isHttp || uri.getHost() == null) {
            throw new IllegalArgumentException("an arbiter is at http://HOST:PORT, not " + url);
        }
        return uri;
    }

    @Override
    public Decision claim(UUID session, Decision wanted) throws IOException {
        var answer = ask("v3/kv/txn", EtcdForm.claim(json, session, wanted));
        return EtcdForm.decided(answer, wanted);
    }

    @Override
    public Optional<Decision> read(UUID session) throws IOException {
        return EtcdForm.found(ask("v3/kv/range", EtcdForm.range(json, session)));
    }

    /// The first answer. All members are asked at once: they give the same one, and a question that
    /// is asked twice does no harm.
    private JsonNode ask(String path, JsonNode question) throws IOException {
        var first = new CompletableFuture<JsonNode>();
        var asked = members.stream().map(it -> ask(it.resolve(path), question)).toList();
        asked.forEach(answer -> answer.thenAccept(first::complete));
        CompletableFuture.allOf(asked.toArray(CompletableFuture<?>[]::new))
                .exceptionally(reason -> {
                    first.completeExceptionally(reason); // unless there was one
                    return null;
                });
        try {
            return first.get(ANSWER_MAX.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException("the arbiter does not answer in time", e);
        } catch (ExecutionException e) {
            throw new IOException("the arbiter does not answer: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            asked.forEach(answer -> answer.cancel(true));
        }
    }

    private CompletableFuture<JsonNode> ask(URI uri, JsonNode question) {
        var request =
                HttpRequest.newBuilder(uri)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(question.toString()))
                        .build();
        return http.sendAsync(
                        request, BodyHandlers.limiting(BodyHandlers.ofString(), ANSWER_BYTES_MAX))
                .thenApply(answer -> parse(uri, answer));
    }

    private JsonNode parse(URI uri, HttpResponse<String> answer) {
        if (answer.statusCode() != 200) {
            throw new CompletionException(
                    new IOException("%s answers %d".formatted(uri, answer.statusCode())));
        }
        try {
            return json.readTree(answer.body());
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }
}
