import { Writable } from "node:stream";
import type { HeadgateEvent } from "@headgate/orchestrator";
import { pino } from "pino";
import { expect, it } from "vitest";
import { logEvents } from "./log-events.ts";

/** The one line that an event leaves, parsed. */
function lineOf(event: HeadgateEvent): Record<string, unknown> {
  const lines: string[] = [];
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  logEvents(pino({ base: null, timestamp: false }, out))(event);
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? "") as Record<string, unknown>;
}

it("logs an event by its type, with its measures as fields", () => {
  expect(
    lineOf({
      type: "bulk-job.closed",
      bulkJobId: "b",
      object: "crm/orders",
      remoteId: "r",
      files: 2,
    }),
  ).toEqual({
    level: 30,
    msg: "bulk-job.closed",
    bulkJobId: "b",
    object: "crm/orders",
    remoteId: "r",
    files: 2,
  });
});

it.each<[HeadgateEvent, number]>([
  [{ type: "load.ended", loadId: "l", state: "complete" }, 30],
  [{ type: "load.ended", loadId: "l", state: "cancelled" }, 30],
  [{ type: "load.ended", loadId: "l", state: "failed", code: "csv_empty", message: "m" }, 40],
  [{ type: "gate.closed", connection: "default", until: 1 }, 40],
  [{ type: "queue.error", queue: "loads", message: "m" }, 40],
  [{ type: "sweep.repaired", connection: "default", what: "task", id: "b" }, 40],
])("warns of what a person should look at: %j at %i", (event, level) => {
  expect(lineOf(event)).toMatchObject({ level, msg: event.type });
});
