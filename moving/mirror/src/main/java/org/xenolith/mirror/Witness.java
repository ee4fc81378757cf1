package org.xenolith.mirror;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// An arbiter for where there is no etcd: a small process on a third host. It serves, of etcd's
/// interface, the two questions that [Arbiter#at] asks, and keeps each decision on its disk before
/// it answers.
public final class Witness implements AutoCloseable {
    private static final int REQUEST_BYTES_MAX = 4096;

    /// What is read of a request that is too long, so that its sender comes to read the answer: a
    /// connection that is closed with bytes unread is reset, and takes the answer with it.
    private static final int DISCARDED_BYTES_MAX = 1 << 20;

    private static final int THREADS_MAX = 16;
    private static final int WAITING_MAX = 256;

    private final HttpServer server;
    private final DecisionStore store;
    private final ObjectMapper json = new ObjectMapper();
    private final ExecutorService threads =
            new ThreadPoolExecutor(
                    THREADS_MAX,
                    THREADS_MAX,
                    10,
                    TimeUnit.SECONDS,
                    new ArrayBlockingQueue<>(WAITING_MAX),
                    Thread.ofPlatform().name("witness-", 0).daemon().factory());

    private Witness(HttpServer server, DecisionStore store) {
        this.server = server;
        this.store = store;
        server.createContext("/v3/kv/txn", exchange -> serve(exchange, this::claim));
        server.createContext("/v3/kv/range", exchange -> serve(exchange, this::read));
        server.setExecutor(threads);
        server.start();
    }

    /// Serves decisions of the file `store`, which is made if it is not there.
    ///
    /// @throws IOException if it is another process', or damaged, or the address cannot be used
    public static Witness start(InetSocketAddress address, Path store) throws IOException {
        var decisions = DecisionStore.open(store);
        try {
            return new Witness(HttpServer.create(address, WAITING_MAX), decisions);
        } catch (IOException e) {
            decisions.close();
            throw e;
        }
    }

    public InetSocketAddress address() {
        return server.getAddress();
    }

    @FunctionalInterface
    private interface Question {
        JsonNode answer(JsonNode request) throws Refused, IOException;
    }

    /// A question that is not understood.
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(Exception reason) {
            super(reason.getMessage(), reason);
        }
    }

    private JsonNode claim(JsonNode request) throws Refused, IOException {
        EtcdForm.Claim claim;
        try {
            claim = EtcdForm.parseClaim(json, request);
        } catch (IOException e) {
            throw new Refused(e);
        }
        var decided = store.claim(claim.session(), claim.wanted());
        return EtcdForm.answerClaim(json, claim.session(), decided.decision(), decided.first());
    }

    private JsonNode read(JsonNode request) throws Refused {
        try {
            var session = EtcdForm.parseRange(json, request);
            return EtcdForm.answerRange(json, session, store.read(session));
        } catch (IOException e) {
            throw new Refused(e);
        }
    }

    private void serve(HttpExchange exchange, Question question) throws IOException {
        try (exchange) {
            if (!exchange.getRequestMethod().equals("POST")) {
                answer(exchange, 405, error("only POST is understood here"));
                return;
            }
            try {
                var body = exchange.getRequestBody().readNBytes(REQUEST_BYTES_MAX + 1);
                if (body.length > REQUEST_BYTES_MAX) {
                    discard(exchange.getRequestBody());
                    answer(exchange, 413, error("the request is too long"));
                    return;
                }
                answer(exchange, 200, question.answer(parse(body)));
            } catch (Refused e) {
                answer(exchange, 400, error(String.valueOf(e.getMessage())));
            } catch (IOException e) {
                answer(exchange, 503, error(String.valueOf(e.getMessage())));
            }
        }
    }

    private static void discard(InputStream rest) throws IOException {
        var bytes = new byte[REQUEST_BYTES_MAX];
        int length = 0;
        for (int read = 0; read >= 0 && length < DISCARDED_BYTES_MAX; length += read) {
            read = rest.read(bytes);
        }
    }

    private JsonNode parse(byte[] body) throws Refused, IOException {
        try {
            return json.readTree(body);
        } catch (JsonProcessingException e) {
            throw new Refused(new IOException("the request is no JSON"));
        }
    }

    private JsonNode error(String reason) {
        return json.createObjectNode().put("error", reason);
    }

    private static void answer(HttpExchange exchange, int code, JsonNode answer)
            throws IOException {
        var bytes = answer.toString().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() throws IOException {
        server.stop(0);
        threads.shutdownNow();
        store.close();
    }
}
