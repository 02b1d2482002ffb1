import { epochMs } from "@headgate/core";
import type { ObjectReport } from "@headgate/emulator";
import { expect, test } from "vitest";
import type { LoadView } from "./api-client.ts";
import type { DemoObject } from "./data-sets.ts";
import type { SourceCount } from "./source-count.ts";
import { type Evidence, judge } from "./verdict.ts";

const orders: DemoObject = {
  sourceName: "web",
  object: "orders",
  columns: ["id"],
  key: "id",
  loads: [{ wayIn: "http", operation: "upsert", source: { key: "orders.csv" } }],
  originals: [],
};

const count: SourceCount = {
  rowsReceived: 10,
  hash: "00000000000000aa",
  rowsDeleted: 2,
  deletedHash: "00000000000000bb",
  rowsReceivedTwice: 0,
  rowsReplaced: 0,
  keysHeld: 8,
  heldHash: "00000000000000cc",
};

interface Changes {
  readonly report?: Partial<ObjectReport>;
  readonly state?: LoadView["state"];
  readonly settled?: number;
  readonly status?: number;
  readonly maxUnfinished?: number;
  readonly creations?: number;
}

function evidence(changes: Changes = {}): Evidence {
  const { creations = 1, status = 201 } = changes;
  const at = epochMs(0);
  const create = { method: "POST", path: "/", kind: "create", status, accepted: true } as const;
  const upload = { method: "PUT", path: "/", kind: "upload", status: 202, accepted: true } as const;
  const closing = {
    method: "PATCH",
    path: "/",
    kind: "close",
    status: 200,
    accepted: true,
  } as const;
  const calls = Array.from({ length: creations }, () => [
    { seq: 1, at, ...create },
    { seq: 2, at, ...upload, bulkJobId: "j", bytes: 500 },
    { seq: 3, at, ...closing },
  ]).flat();
  const progress = (planned: number) => ({ planned, uploaded: planned, settled: planned });
  return {
    processingMs: 1,
    accepted: orders.loads.map((load) => ({ id: "l1", object: orders, load, from: "orders.csv" })),
    views: [
      {
        id: "l1",
        state: changes.state ?? "complete",
        sourceObjects: 1,
        parts: progress(1),
        bytes: progress(500),
        records: progress(changes.settled ?? 12),
      },
    ],
    counts: new Map([[orders, count]]),
    emulator: {
      calls,
      state: {
        now: at,
        clockMode: "real",
        connectors: [],
        objects: [
          {
            sourceName: "web",
            object: "orders",
            rowsStreamed: 0,
            rowsStreamedDropped: 0,
            ...count,
            ...changes.report,
          },
        ],
        bulkJobs: [
          {
            id: "j",
            sourceName: "web",
            object: "orders",
            operation: "upsert",
            dataspace: "default",
            state: "JobComplete",
            createdAt: at,
            modifiedAt: at,
            refusedFiles: 0,
            files: [{ bytes: 500, rows: 12, hash: "", sha256: "" }],
          },
        ],
        maxima: {
          maxCreatesInRollingHour: creations,
          maxUnfinished: changes.maxUnfinished ?? creations,
          maxFilesPerBulkJob: creations,
          maxPartBytes: 500,
        },
      },
    },
  };
}

test("nothing differs where all is equal", () => {
  expect(judge(evidence())).toMatchObject({
    differences: [],
    rowsExpected: 12,
    rowsAccepted: 12,
    rowsMissing: 0,
    rowsDoubled: 0,
  });
});

test("a lost record is missing and named with both counts", () => {
  const verdict = judge(evidence({ report: { rowsReceived: 9 } }));
  expect(verdict).toMatchObject({ rowsMissing: 1, rowsDoubled: 0, rowsAccepted: 11 });
  expect(verdict.differences).toEqual([
    "web/orders: rowsReceived is 9, and 10 by the count of the sources",
  ]);
});

test("a record that came twice is doubled", () => {
  const verdict = judge(evidence({ report: { rowsReceived: 11, rowsReceivedTwice: 1 } }));
  expect(verdict).toMatchObject({ rowsMissing: 0, rowsDoubled: 1 });
  expect(verdict.differences).toHaveLength(2);
});

test("equal counts do not hide another content", () => {
  const { differences } = judge(evidence({ report: { heldHash: "00000000000000dd" } }));
  expect(differences).toEqual([expect.stringContaining("heldHash")]);
});

test("an object without any data misses all its records", () => {
  const nothing = evidence();
  const { state } = nothing.emulator;
  const emulator = { ...nothing.emulator, state: { ...state, objects: [] } };
  expect(judge({ ...nothing, emulator })).toMatchObject({
    rowsMissing: 12,
    differences: ["web/orders: nothing has arrived"],
  });
});

test.each<[string, Changes, RegExp]>([
  ["a load that failed", { state: "failed" }, /load l1 \(orders\) is failed/],
  ["records that headgate tells otherwise", { settled: 11 }, /tells of 11 .* have 12/],
  ["a refused call", { status: 429 }, /create 429/],
  ["a maximum that the emulator counts otherwise", { maxUnfinished: 2 }, /maxUnfinished is 1 .* 2/],
])("%s is a difference", (_, changes, told) => {
  expect(judge(evidence(changes)).differences).toEqual([expect.stringMatching(told)]);
});

test("more creations than the hour allows are a difference", () => {
  const { differences } = judge(evidence({ creations: 21 }));
  expect(differences).toContainEqual(
    "maxCreatesInRollingHour is 21 by the call log, allowed are 20",
  );
});
