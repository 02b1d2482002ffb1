/** Reads a service's clock off the answers that it gives anyway. */
import type { HttpTransport } from "@headgate/ingestion-api";
import { type Check, type CheckName, skip } from "./check.ts";
import { clockCheck } from "./clock.ts";

export interface ObservedClock {
  /** The transport to use in place of the given one. */
  readonly transport: HttpTransport;
  /** Judges the clock of the last answer, a refusal included. */
  check(name: CheckName): Check;
}

/** `now` is our clock. The transport stays the caller's to close. */
export function observeClock(transport: HttpTransport, now: () => number): ObservedClock {
  let offsetMs: number | undefined;
  return {
    transport: {
      ...transport,
      async send(call) {
        const result = await transport.send(call);
        // `Date` has whole seconds, so half a second more is the better guess.
        if (result.kind === "answer" && result.date !== undefined)
          offsetMs = result.date + 500 - now();
        return result;
      },
    },
    check: (name) =>
      offsetMs === undefined
        ? skip(name, "no answer has told the time")
        : clockCheck(name, { offsetMs, whose: "the tenant" }),
  };
}
