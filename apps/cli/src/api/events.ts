/** The events of the fleet by server-sent events, taken up again after every lost connection. */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { z } from "zod";
import { CliError } from "../errors.ts";
import { parseJson, readText, refusal } from "./answer.ts";
import { type ApiClient, noAnswer, pause, retryDelay } from "./api-client.ts";
import { path, pathAndQuery, type Query } from "./route.ts";

const eventData = z.looseObject({});

/** One event; `gap` says that events between the one before and the next are no longer kept. */
export interface ApiEvent {
  readonly id: string | undefined;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The API writes at once and every 15 seconds: no byte for so long means that nothing comes through. */
const longestSilenceMs = 45_000;

/**
 * Events as they come, from the newest or after `after`, until the signal aborts. Survives lost
 * connections and restarts of the API with Last-Event-ID: once the first stream has begun, no event is
 * missed or doubled. Throws CliError: refused or login where the API does not give events to this client,
 * no-events where it has none or a proxy keeps them back.
 */
export async function* followEvents(
  client: ApiClient,
  query: Query,
  options: {
    readonly signal: AbortSignal;
    readonly after?: string | undefined;
    readonly report: (line: string) => void;
    /** Called every 15 s or so while the connection is open, events or not. */
    readonly onHeartbeat?: () => void;
    /** Default 45 s. */
    readonly silenceMs?: number;
  },
): AsyncGenerator<ApiEvent> {
  const { signal, report } = options;
  let lastId = options.after;
  const onId = (id: string): void => {
    lastId = id;
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      for await (const message of readOnce(client, query, { ...options, lastId, onId })) {
        attempt = 0;
        const { id, event: type = "message" } = message;
        yield { id, type, data: eventData.catch({}).parse(parseJson(message.data)) };
      }
    } catch (error) {
      signal.throwIfAborted();
      if (isNotThere(error))
        throw new CliError("no-events", "no events come through", { cause: error });
      if (error instanceof CliError && error.kind !== "unavailable") throw error;
      const cause = error instanceof CliError ? error : noAnswer(client.config, error);
      report(`${cause.message}; waiting for the API`);
    }
    await pause(retryDelay(attempt), signal);
  }
}

/** One connection's messages, to its end. */
async function* readOnce(
  client: ApiClient,
  query: Query,
  options: {
    readonly signal: AbortSignal;
    readonly lastId: string | undefined;
    readonly onId: (id: string) => void;
    readonly onHeartbeat?: () => void;
    readonly silenceMs?: number;
  },
): AsyncGenerator<EventSourceMessage> {
  const { config } = client;
  const { request } = await import("undici");
  const answer = await request(`${config.apiUrl}${pathAndQuery({ path: path("events"), query })}`, {
    headers: {
      authorization: `Bearer ${config.apiKey}`,
      accept: "text/event-stream",
      ...(options.lastId === undefined ? {} : { "last-event-id": options.lastId }),
    },
    headersTimeout: options.silenceMs ?? longestSilenceMs,
    bodyTimeout: options.silenceMs ?? longestSilenceMs,
    signal: options.signal,
  });
  if (answer.statusCode !== 200)
    throw refusal(config, answer.statusCode, await readText(answer.body));
  const messages: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (message) => messages.push(message),
    onId: options.onId,
    onComment: options.onHeartbeat,
  });
  const decoder = new TextDecoder();
  for await (const chunk of answer.body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* messages.splice(0);
  }
}

/** Whether the API has no such route, or a proxy between keeps all bytes to itself. */
function isNotThere(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return ["route_not_found", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"].includes(
    String(code),
  );
}
