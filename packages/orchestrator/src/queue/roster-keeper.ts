/** Keeps a worker on the rosters of all its connections until it stops. */
import type { Milliseconds } from "@headgate/core";
import { noteAtWork, rosterTimes, signOff } from "../ledger/roster.ts";
import type { StepContext } from "../steps/context.ts";
import { systemChance } from "../system-ports.ts";

/** Says at once, and three times a lock, that this worker is alive. */
export function keepOnRoster(
  contexts: ReadonlyMap<string, StepContext>,
  lockMs: Milliseconds,
): { leave(): void } {
  const worker = systemChance.newId();
  const { everyMs, silenceMs } = rosterTimes(lockMs);
  const ofEach = async (act: (context: StepContext) => Promise<unknown>): Promise<void> => {
    // A roster that cannot be written tells of a worker that is cut off, as it should.
    await Promise.allSettled([...contexts.values()].map(act));
  };
  const tell = (): Promise<void> => ofEach(({ ledger }) => noteAtWork(ledger, worker, silenceMs));
  void tell();
  const telling = setInterval(() => void tell(), everyMs);
  return {
    // Not waited for: it is on its way, and where Redis is away it would be for long.
    leave() {
      clearInterval(telling);
      void ofEach(({ ledger }) => signOff(ledger, worker));
    },
  };
}
