/**
 * `GET /v1/events`: the fleet's events as they come, by server-sent events. Each has the feed's id, so
 * that a client that comes again with `Last-Event-ID` misses none; where some are no longer kept it is
 * told by an event `gap`. Ends when the API closes, for a client that does not read, and after a while
 * for every client: it comes again, and has the rights then that it has then.
 */
import { once } from "node:events";
import { PassThrough } from "node:stream";
import type { ClientAccess } from "@headgate/core";
import { type EventFeed, eventTypes, type FeedEntry } from "@headgate/orchestrator/producer";
import { z } from "zod";
import { callerOf, clientOfRequest } from "../login/bearer-login.ts";
import { seesConnection, visibleLoad } from "../login/rights.ts";
import { hasScope } from "../login/scopes.ts";
import { answers, text } from "../openapi/describe-answers.ts";
import { listOf } from "../parameters.ts";
import { HttpProblem } from "../problems/problems.ts";
import { noHandlerTimeoutMs } from "../request-time.ts";
import type { RouteContext, V1 } from "../v1.ts";

const eventId = z.string().regex(/^\d{1,20}-\d{1,20}$/, "must be the id of an event");

const query = z.strictObject({
  type: listOf(z.enum(eventTypes)).exactOptional().describe("load.ended and such"),
  load: z.string().max(100).exactOptional().describe("only events of this load"),
  run: z.string().max(100).exactOptional().describe("only events of this run of a schedule"),
  after: eventId.exactOptional().describe("where to begin; default: with the next event"),
});
type Filter = z.output<typeof query>;

const headers = z.object({
  "last-event-id": eventId.exactOptional().describe("as ?after=, and goes before it"),
});

/** What a browser waits before it comes again. */
const retryMs = 3000;

export function eventsRoute(
  app: V1,
  { doors: { feed, loads }, limits, closing }: RouteContext,
): void {
  const open = new Map<string, number>();
  app.get(
    "/events",
    {
      config: { scopes: ["enqueue", "read"] },
      handlerTimeout: noHandlerTimeoutMs,
      schema: {
        ...{ tags: ["events"], operationId: "followEvents", summary: "Follow events" },
        description:
          "Server-sent events: `id`, `event` (the type) and `data` (JSON: at, and the event's own " +
          "properties). The first `id`, of no event, says where the stream begins, for a client whose " +
          "connection breaks before the first event. A comment every 15 seconds keeps the " +
          "connection; after 15 minutes it ends, and the client comes again with Last-Event-ID. An " +
          "event `gap` says that events before the next one are no longer kept. Without the scope read: events of the " +
          "client's own loads.",
        querystring: query,
        headers,
        response: answers(
          { 200: text("events", "text/event-stream") },
          ...["too_many_streams", "load_not_found", "record_unreadable", "record_tampered"],
        ),
      },
    },
    async (request, reply) => {
      const client = clientOfRequest(request);
      const { load } = request.query;
      if (load !== undefined) await visibleLoad(loads, load, client);
      const streams = open.get(client.name) ?? 0;
      if (streams >= limits.streamsPerClient)
        throw new HttpProblem("too_many_streams", `${streams} streams are open already`);
      open.set(client.name, streams + 1);
      const stream = new PassThrough();
      const gone = new AbortController();
      stream.once("close", () => {
        gone.abort();
        open.set(client.name, (open.get(client.name) ?? 1) - 1);
      });
      const over = AbortSignal.timeout(limits.streamMs);
      const end = AbortSignal.any([gone.signal, closing, over]);
      const write = { stream, end, drainMs: limits.slowReaderMs, heartbeatMs: limits.heartbeatMs };
      const wanted = { filter: request.query, client };
      try {
        const last = request.headers["last-event-id"] ?? request.query.after;
        const from = last ?? (await feed.last());
        const entries = feed.follow(from, { signal: end });
        stream.write(`retry: ${retryMs}\nid: ${from}\n\n`);
        writeEvents(entries, wanted, write).catch((error: unknown) => {
          request.log.warn({ err: error, client: callerOf(request).principal }, "stream broke off");
        });
      } catch (error) {
        stream.destroy();
        throw error;
      }
      return reply.type("text/event-stream").header("x-accel-buffering", "no").send(stream);
    },
  );
}

interface Writing {
  readonly stream: PassThrough;
  readonly end: AbortSignal;
  readonly drainMs: number;
  readonly heartbeatMs: number;
}

/** Writes what is wanted until the stream ends; always ends the stream. */
async function writeEvents(
  entries: ReturnType<EventFeed["follow"]>,
  wanted: { readonly filter: Filter; readonly client: ClientAccess },
  { stream, end, drainMs, heartbeatMs }: Writing,
): Promise<void> {
  const heartbeat = setInterval(() => {
    if (!stream.writableNeedDrain) stream.write(": heartbeat\n\n");
  }, heartbeatMs);
  try {
    for await (const entry of entries) {
      const isWanted =
        entry === "gap" || (isAllowed(entry, wanted.client) && matches(entry, wanted.filter));
      if (!isWanted || stream.write(textOf(entry))) continue;
      await once(stream, "drain", { signal: AbortSignal.any([end, AbortSignal.timeout(drainMs)]) });
    }
  } catch (error) {
    if (!end.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
    if (stream.writableNeedDrain) stream.destroy();
    else stream.end();
  }
}

function textOf(entry: FeedEntry | "gap"): string {
  if (entry === "gap") return "event: gap\ndata: {}\n\n";
  const data = JSON.stringify({ at: entry.at, ...entry.event });
  return `id: ${entry.id}\nevent: ${entry.event.type}\ndata: ${data}\n\n`;
}

function matches({ event }: FeedEntry, { type, load, run }: Filter): boolean {
  return (
    (type === undefined || type.includes(event.type)) &&
    (load === undefined || ("loadId" in event && event.loadId === load)) &&
    (run === undefined || ("run" in event && event.run === run))
  );
}

/** Its own loads' events; with `read` all of its connections, and those of no connection where it has all. */
function isAllowed(entry: FeedEntry, client: ClientAccess): boolean {
  if (entry.principal === client.name) return true;
  if (!hasScope(client, "read")) return false;
  return entry.connection === undefined
    ? client.connections === undefined
    : seesConnection(client, entry.connection);
}
