import { BulkError } from "@headgate/core";
import { expect, it } from "vitest";
import { syncUntilDone } from "./sync-until-done.ts";

const never = new AbortController().signal;

/** Fails so often because Redis is away, then succeeds. */
function awayFor(times: number) {
  const seen = { tries: 0, told: 0 };
  return {
    seen,
    onAway: () => void seen.told++,
    async sync() {
      seen.tries++;
      if (seen.tries <= times) throw new BulkError("ERR_REDIS_AWAY", "Redis is away");
    },
  };
}

it("tries again until Redis is back, and tells once that it is away", async () => {
  const { sync, onAway, seen } = awayFor(3);
  await syncUntilDone(sync, { signal: never, onAway, retryMs: 1 });
  expect(seen).toEqual({ tries: 4, told: 1 });
});

it("gives up when the worker stops", async () => {
  const stop = new AbortController();
  const { sync, seen } = awayFor(Number.POSITIVE_INFINITY);
  await syncUntilDone(sync, { signal: stop.signal, onAway: () => stop.abort() });
  expect(seen.tries).toBe(1);
});

it("throws every other failure at once", async () => {
  const sync = (): Promise<void> => Promise.reject(new BulkError("ERR_REQUEST_INVALID", "cron"));
  const onAway = (): void => undefined;
  await expect(syncUntilDone(sync, { signal: never, onAway })).rejects.toMatchObject({
    code: "ERR_REQUEST_INVALID",
  });
});
