import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Iterator;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Brings, watches and cancels loads with nothing but the JDK (17 or newer).
 *
 * <pre>
 *   java Loads.java load crm/orders orders-2026-01-31 s3://exports/2026-01-31/orders/
 *   java Loads.java watch LOAD
 *   java Loads.java cancel LOAD
 * </pre>
 *
 * The second word after "load" is the idempotency key. It names the batch, not the attempt: a job
 * that runs twice brings one load. Exit codes: 0 complete, 1 failed or cancelled, 2 refused.
 */
public class Loads {
  private static final Set<String> ENDED = Set.of("complete", "failed", "cancelled");
  /** Answers after which the same request may be sent again. */
  private static final Set<Integer> PASSING = Set.of(429, 502, 503, 504);
  private static final int TRIES = 5;

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
  private final String url;
  private final String apiKey;

  Loads(String url, String apiKey) {
    this.url = url;
    this.apiKey = apiKey;
  }

  public static void main(String[] args) throws Exception {
    if (args.length < 2 || (args[0].equals("load") && args.length < 4)) {
      System.err.println("usage: load SOURCE/OBJECT KEY URI | watch LOAD | cancel LOAD");
      System.exit(2);
    }
    String url = System.getenv().getOrDefault("HEADGATE_API_URL", "http://127.0.0.1:8080");
    Loads loads = new Loads(url, System.getenv("HEADGATE_API_KEY"));
    try {
      System.exit(
          switch (args[0]) {
            case "load" -> report(loads.await(loads.enqueue(args[1], args[2], args[3])), "complete");
            case "watch" -> report(loads.watch(args[1]), "complete");
            case "cancel" -> report(loads.cancel(args[1]), "cancelled");
            default -> throw new IllegalArgumentException("load, watch or cancel");
          });
    } catch (Problem problem) {
      System.err.println("refused: " + problem.getMessage());
      System.exit(2);
    }
  }

  /** Answers the load's id. Called again with the same key it answers the same id. */
  String enqueue(String target, String idempotencyKey, String uri)
      throws IOException, InterruptedException {
    String[] names = target.split("/", 2);
    String kind = uri.endsWith("/") ? "prefix" : "uri";
    String body =
        """
        {"sourceName": %s, "object": %s, "operation": "upsert", "source": {"%s": %s}}
        """
            .formatted(quoted(names[0]), quoted(names[1]), kind, quoted(uri));
    String load =
        send(
            request("/v1/loads")
                .header("content-type", "application/json")
                .header("idempotency-key", idempotencyKey)
                .POST(BodyPublishers.ofString(body)));
    String id = text(load, "id");
    System.out.println("accepted " + id);
    return id;
  }

  /** Asks every few seconds until the load has ended, and answers it as it ended. */
  String await(String id) throws IOException, InterruptedException {
    while (true) {
      String load = send(request("/v1/loads/" + id).GET());
      if (ENDED.contains(text(load, "state"))) return load;
      Thread.sleep(Duration.ofSeconds(2).toMillis());
    }
  }

  /** Follows by server-sent events, and answers the load as it ended. */
  String watch(String id) throws IOException, InterruptedException {
    HttpRequest events =
        request("/v1/events?load=" + id)
            .header("accept", "text/event-stream")
            // From the beginning of the feed, so that an end that came before is seen too.
            .header("last-event-id", "0-0")
            .timeout(Duration.ofHours(24))
            .GET()
            .build();
    HttpResponse<Stream<String>> answer = http.send(events, BodyHandlers.ofLines());
    try (Stream<String> lines = answer.body()) {
      if (answer.statusCode() != 200)
        throw new Problem(answer.statusCode(), String.join("", lines.toList()));
      for (Iterator<String> line = lines.iterator(); line.hasNext(); ) {
        String type = line.next();
        if (!type.startsWith("event: ")) continue;
        System.out.println(type.substring("event: ".length()));
        if (type.equals("event: load.ended")) break;
      }
    }
    return await(id);
  }

  /** Throws a Problem with code load_state where it is too late. */
  String cancel(String id) throws IOException, InterruptedException {
    return send(request("/v1/loads/" + id + "/cancel").POST(BodyPublishers.noBody()));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url + path))
        .timeout(Duration.ofSeconds(30))
        .header("authorization", "Bearer " + apiKey);
  }

  /** Sends again what met a lost connection or a passing fault; the key keeps it one load. */
  private String send(HttpRequest.Builder builder) throws IOException, InterruptedException {
    HttpRequest request = builder.build();
    for (int attempt = 1; ; attempt++) {
      Duration wait = Duration.ofMillis(Math.min(200L << attempt, 5_000));
      try {
        HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
        if (answer.statusCode() < 400) return answer.body();
        if (attempt == TRIES || !PASSING.contains(answer.statusCode()))
          throw new Problem(answer.statusCode(), answer.body());
        var told = answer.headers().firstValueAsLong("retry-after");
        if (told.isPresent()) wait = Duration.ofSeconds(told.getAsLong());
      } catch (Problem problem) {
        throw problem;
      } catch (IOException lost) {
        if (attempt == TRIES) throw lost;
      }
      Thread.sleep(wait.toMillis());
    }
  }

  private static int report(String load, String wanted) {
    String state = text(load, "state");
    String message = text(load, "message");
    System.out.println(state + " " + text(load, "id") + (message == null ? "" : " " + message));
    return state.equals(wanted) ? 0 : 1;
  }

  /** An error that headgate answered. Branch on its code, never on its text. */
  static class Problem extends IOException {
    final int status;
    final String code;

    Problem(int status, String body) {
      super(text(body, "code") + ": " + text(body, "detail"));
      this.status = status;
      this.code = text(body, "code");
    }
  }

  /** The first text of this name. A program of yours has a JSON library; the JDK has none. */
  private static String text(String json, String name) {
    Matcher match = Pattern.compile("\"" + name + "\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
    return match.find() ? match.group(1) : null;
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
