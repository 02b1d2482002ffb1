import { epochMs } from "@headgate/core";
import { expect, test } from "vitest";
import { type Call, limitsFromLog, refusedCalls } from "./limits-from-log.ts";

const hourMs = 3_600_000;

function call(kind: Call["kind"], atMs: number, more: Partial<Call> = {}): Call {
  return { kind, at: epochMs(atMs), status: 200, accepted: true, ...more };
}

test("an empty log has reached no limit", () => {
  expect(limitsFromLog([], { processingMs: 1000 })).toEqual({
    maxCreatesInRollingHour: 0,
    maxUnfinished: 0,
    maxFilesPerBulkJob: 0,
    maxPartBytes: 0,
  });
});

test("creations count in every hour that ends with one of them, refused ones too", () => {
  const creates = [
    call("create", 0),
    call("create", hourMs - 1, { accepted: false, status: 429 }),
    call("create", hourMs),
    call("create", hourMs + 1),
  ];
  expect(limitsFromLog(creates, { processingMs: 0 }).maxCreatesInRollingHour).toBe(3);
});

test("a creation leaves the window exactly an hour after it came", () => {
  const creates = [call("create", 5), call("create", 5 + hourMs)];
  expect(limitsFromLog(creates, { processingMs: 0 }).maxCreatesInRollingHour).toBe(1);
});

test("a bulk job is unfinished until its processing ends", () => {
  const calls = [
    call("create", 0, { bulkJobId: "a" }),
    call("close", 100, { bulkJobId: "a" }),
    call("create", 599, { bulkJobId: "b" }),
    call("close", 700, { bulkJobId: "b" }),
  ];
  expect(limitsFromLog(calls, { processingMs: 500 }).maxUnfinished).toBe(2);
  expect(limitsFromLog(calls, { processingMs: 499 }).maxUnfinished).toBe(1);
});

test("an accepted abort ends a bulk job, and a refused call changes nothing", () => {
  const calls = [
    call("create", 0),
    call("abort", 10),
    call("create", 20),
    call("close", 30, { accepted: false, status: 409 }),
    call("create", 40, { accepted: false, status: 429 }),
    call("create", 50),
  ];
  expect(limitsFromLog(calls, { processingMs: 0 }).maxUnfinished).toBe(2);
});

test("accepted files count for their bulk job, the largest body whether accepted or not", () => {
  const calls = [
    call("upload", 1, { bulkJobId: "a", bytes: 10 }),
    call("upload", 2, { bulkJobId: "b", bytes: 20 }),
    call("upload", 3, { bulkJobId: "a", bytes: 30 }),
    call("upload", 4, { bulkJobId: "a", bytes: 99, accepted: false, status: 413 }),
  ];
  const limits = limitsFromLog(calls, { processingMs: 0 });
  expect(limits).toMatchObject({ maxFilesPerBulkJob: 2, maxPartBytes: 99 });
});

test("calls that were refused or stayed without an answer are listed by kind and status", () => {
  const calls = [
    call("create", 1),
    call("create", 2, { status: 429 }),
    call("create", 3, { status: 429 }),
    call("upload", 4, { status: null }),
  ];
  expect([...refusedCalls(calls)]).toEqual([
    ["create 429", 2],
    ["upload unanswered", 1],
  ]);
});
