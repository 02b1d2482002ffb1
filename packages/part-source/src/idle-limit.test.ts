import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { collect, never } from "./conformance/subject.ts";
import { withIdleLimit } from "./idle-limit.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const options = { idleMs: 30_000, uri: "s3://bucket/key" };

test("ends a body that gives no byte for the time allowed", async () => {
  const body = new PassThrough();
  const reading = collect(withIdleLimit(body, { ...options, signal: never() }));
  const failure = expect(reading).rejects.toMatchObject({
    code: "ERR_SOURCE_UNREADABLE",
    fields: { uri: options.uri, idleMs: 30_000 },
  });
  vi.advanceTimersByTime(30_000);
  await failure;
  expect(body.destroyed).toBe(true);
});

test("does not count the consumer's own time", async () => {
  const body = new PassThrough();
  body.write("one");
  const chunks = withIdleLimit(body, { ...options, signal: never() });
  expect(String((await chunks.next()).value)).toBe("one");
  vi.advanceTimersByTime(3_600_000);
  expect(body.destroyed).toBe(false);
  body.end("two");
  expect(String((await chunks.next()).value)).toBe("two");
  expect((await chunks.next()).done).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test("ends a wait for bytes when the signal fires", async () => {
  const body = new PassThrough();
  const control = new AbortController();
  const reading = collect(withIdleLimit(body, { ...options, signal: control.signal }));
  control.abort();
  await expect(reading).rejects.toMatchObject({ name: "AbortError" });
  expect(body.destroyed).toBe(true);
});

test("ends a body that only trickles, by the time spent waiting for it", async () => {
  const body = new PassThrough();
  const chunks = withIdleLimit(body, { ...options, signal: never() });
  const next = async (size: number): Promise<void> => {
    const chunk = chunks.next();
    vi.advanceTimersByTime(10_000);
    body.write(Buffer.alloc(size));
    await chunk;
  };
  for (let n = 0; n < 6; n++) await next(100_000);
  vi.advanceTimersByTime(3_600_000);
  for (const size of [150_000, 100_000]) await next(size);
  await expect(next(49_999)).rejects.toMatchObject({
    code: "ERR_SOURCE_UNREADABLE",
    fields: { bytesSeen: 299_999, waitedMs: 30_000, minBytesPerSecond: 10_000 },
  });
  expect(body.destroyed).toBe(true);
});
