/** One run: loads go on while faults are done; then everything must end well. */
import { createApiClient } from "./api-client.ts";
import { conclude } from "./conclude.ts";
import { createDisturber } from "./disturb.ts";
import { startEnvironment } from "./environment.ts";
import type { ChaosOptions } from "./options.ts";
import { type ChaosReport, secondsSince } from "./report.ts";
import { planFaults } from "./schedule.ts";
import { type SentLoad, sendLoads } from "./send-loads.ts";
import { planWorkload } from "./workload.ts";

/** Loads come early, so that the last have time to meet faults. */
const shareOfSpanForLoads = 0.75;
const slots = 20;
/** Reasons for which a load may fail by these faults; none is expected. */
const explained: ReadonlySet<string> = new Set([
  "unstable",
  "quarantined",
  "source_unreadable",
  "source_truncated",
]);

/** Runs it in `folder`. */
export async function randomRun(
  options: ChaosOptions,
  folder: string,
  say: (line: string) => void,
): Promise<ChaosReport> {
  const began = performance.now();
  const { seed, spanMs, objects, loadsPerMinute, redisLoss, pace } = options;
  const problems: string[] = [];
  const notes: string[] = [];
  let isDisturbed = true;
  const environment = await startEnvironment({
    ...{ folder, objects, slots, s3: options.s3 },
    onUnexpectedEnd: (message) => {
      say(message);
      // A start that meets a fault may fail and is tried again, as by any supervisor.
      (isDisturbed ? notes : problems).push(message);
    },
  });
  try {
    say(`ready after ${secondsSince(began)} s; disturbing for ${spanMs / 1000} s`);
    const signal = AbortSignal.timeout(spanMs + options.settleMs);
    const api = createApiClient(environment, signal);
    const disturber = createDisturber(environment, say);
    const planned = planWorkload({
      ...{ seed, loadsPerMinute, objects },
      spanMs: spanMs * shareOfSpanForLoads,
    });
    const sent: SentLoad[] = [];
    const sending = sendLoads({ environment, api, signal }, planned, (load) =>
      sent.push(load),
    ).catch((error: unknown) => void problems.push(`sending: ${String(error)}`));
    await disturber.run(planFaults({ seed, spanMs, redisLoss, pace }), signal);
    isDisturbed = false;
    say(`the faults have ended after ${secondsSince(began)} s`);
    await sending;
    const { problems: found, figures } = await conclude({
      ...{ environment, api, sent, planned: planned.length, slots, signal, say },
      mayRepeat: redisLoss,
      isExplained: ({ state, code }) =>
        (state === "failed" && explained.has(code)) || (redisLoss && state === "gone"),
    });
    problems.push(...found, ...disturber.problems);
    for (const problem of problems) say(`PROBLEM ${problem}`);
    const { rows, rowsMissing, rowsDoubled, rowsResent, loads, parts, ...more } = figures;
    const { maxCreatesInWindow, maxUnfinished, orphansLeft, keysLeft, ...others } = more;
    const { kills, redisFaults, networkFaults, ...otherFaults } = disturber.done();
    return {
      ok: problems.length === 0,
      ...{ loads, parts, rows, rowsMissing, rowsDoubled, rowsResent },
      ...{ kills, redisFaults, networkFaults },
      ...{ maxCreatesInWindow, maxUnfinished, orphansLeft, keysLeft },
      seconds: secondsSince(began),
      ...{ ...others, ...otherFaults, failedStarts: notes.length },
      ...{ problems: problems.length, seed },
    };
  } finally {
    await environment.close();
  }
}
