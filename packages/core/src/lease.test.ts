import fc from "fast-check";
import { expect, it } from "vitest";
import { leaseEndsAt, leaseTimes } from "./lease.ts";
import { milliseconds } from "./units.ts";

const lock = fc.integer({ min: 100, max: 600_000 }).map(milliseconds);
const span = fc.integer({ min: 0, max: 1_000_000 });

it("ends before the lock does, whatever the way to Redis takes and however fast its clock runs", () => {
  const ppm = fc.integer({ min: -50_000, max: 50_000 });
  fc.assert(
    fc.property(lock, span, span, ppm, (lockMs, sentAt, wayMs, drift) => {
      const times = leaseTimes(lockMs);
      const lockEndsAt = sentAt + wayMs + lockMs / (1 + drift / 1_000_000);
      const left = lockEndsAt - leaseEndsAt(times, sentAt);
      expect(left).toBeGreaterThan(times.marginMs / 3);
    }),
  );
});

it("leaves time for several extensions before it ends", () => {
  fc.assert(
    fc.property(lock, span, (lockMs, sentAt) => {
      const times = leaseTimes(lockMs);
      const tries = (leaseEndsAt(times, sentAt) - sentAt - times.everyMs) / times.retryMs;
      expect(tries).toBeGreaterThan(5);
    }),
  );
});
