import { expect, test } from "vitest";
import { waitWithJitter } from "./retry.ts";

test("a wait between tries ends with the signal's reason", async () => {
  const control = new AbortController();
  const reason = new Error("stopped");
  const waiting = waitWithJitter(20, control.signal);
  control.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
