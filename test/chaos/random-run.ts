/** One run: loads go on while faults are done; then everything must end well. */
import { setTimeout as delay } from "node:timers/promises";
import { type ApiClient, createApiClient, type LoadAnswer } from "./api-client.ts";
import { createDisturber } from "./disturb.ts";
import { type Environment, startEnvironment } from "./environment.ts";
import { faultsOfLogs, judgeAll, keysLeft, orphansOf, readEmulator } from "./evidence.ts";
import type { ChaosOptions } from "./options.ts";
import { planFaults } from "./schedule.ts";
import { type SentLoad, sendLoads } from "./send-loads.ts";
import { planWorkload } from "./workload.ts";

/** The last line of a run, its keys in this order. */
export interface ChaosReport {
  readonly ok: boolean;
  readonly loads: number;
  readonly parts: number;
  readonly rows: number;
  readonly rowsMissing: number;
  readonly rowsDoubled: number;
  readonly rowsResent: number;
  readonly kills: number;
  readonly redisFaults: number;
  readonly networkFaults: number;
  readonly maxCreatesInWindow: number;
  readonly maxUnfinished: number;
  readonly orphansLeft: number;
  readonly keysLeft: number;
  readonly seconds: number;
  readonly [more: string]: unknown;
}

/** Loads come early, so that the last have time to meet faults. */
const shareOfSpanForLoads = 0.75;
/** Time between two rounds of the reaper, and between two looks at what is left. */
const reapEveryMs = 5000;
const lookEveryMs = 500;
/** Longest time from the end of the last load until nothing of it is left. */
const cleanWithinMs = 45_000;
/** Reasons for which a load may fail by these faults; none is expected. */
const explained: ReadonlySet<string> = new Set([
  "unstable",
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
  const { seed, spanMs, objects, loadsPerMinute, redisLoss } = options;
  const problems: string[] = [];
  const notes: string[] = [];
  let isDisturbed = true;
  const environment = await startEnvironment({
    ...{ folder, objects, s3: options.s3 },
    onUnexpectedEnd: (message) => {
      say(message);
      // A start that meets a fault may fail and is tried again, as by any supervisor.
      (isDisturbed ? notes : problems).push(message);
    },
  });
  try {
    say(`ready after ${seconds(began)} s; disturbing for ${spanMs / 1000} s`);
    const giveUp = AbortSignal.timeout(spanMs + options.settleMs);
    const api = createApiClient(environment, giveUp);
    const disturber = createDisturber(environment, say);
    const planned = planWorkload({
      ...{ seed, loadsPerMinute, objects },
      spanMs: spanMs * shareOfSpanForLoads,
    });
    const sent: SentLoad[] = [];
    const sending = sendLoads({ environment, api, signal: giveUp }, planned, (load) =>
      sent.push(load),
    ).catch((error: unknown) => void problems.push(`sending: ${String(error)}`));
    await disturber.run(planFaults({ seed, spanMs, redisLoss }), giveUp);
    isDisturbed = false;
    say(`the faults have ended after ${seconds(began)} s`);
    await sending;
    problems.push(...(await settle(environment, api, giveUp, say)));
    say(`every load has ended after ${seconds(began)} s`);
    const left = await untilClean(environment, api);
    problems.push(...left.orphans, ...left.keys.map((key) => `left in Redis: ${key}`));
    problems.push(...(await environment.stopServices()), ...disturber.problems);

    const ended = await answersOf(environment, sent);
    const { verdict, problems: wrongRows } = await judgeAll(
      environment,
      ended.map(({ plan, answer }) => ({ plan, isComplete: answer?.state === "complete" })),
    );
    problems.push(...wrongRows, ...loadProblems(ended, planned.length), ...api.unexpected);
    problems.push(...(await faultsOfLogs(environment)));
    const { maxima } = await readEmulator(environment);
    if (maxima.maxCreatesInRollingHour > 20)
      problems.push(`${maxima.maxCreatesInRollingHour} creations in a window`);
    if (maxima.maxUnfinished > 5) problems.push(`${maxima.maxUnfinished} unfinished bulk jobs`);
    for (const problem of problems) say(`PROBLEM ${problem}`);
    const { rowsForeign, ...rows } = verdict;
    const { kills, redisFaults, networkFaults, ...others } = disturber.done();
    return {
      ok: problems.length === 0,
      loads: ended.length,
      parts: ended.reduce((sum, { answer }) => sum + (answer?.parts.planned ?? 0), 0),
      ...rows,
      ...{ kills, redisFaults, networkFaults },
      maxCreatesInWindow: maxima.maxCreatesInRollingHour,
      maxUnfinished: maxima.maxUnfinished,
      orphansLeft: left.orphans.length,
      keysLeft: left.keys.length,
      seconds: Number(seconds(began)),
      ...{ rowsForeign, ...others, failedLoads: failuresOf(ended), failedStarts: notes.length },
      ...{ problems: problems.length, seed },
    };
  } finally {
    await environment.close();
  }
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

const unfinished = ["accepted", "waiting", "loading", "processing"];

/** Waits until no load is unfinished; tells what still is when the time is over. */
async function settle(
  environment: Environment,
  api: ApiClient,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<readonly string[]> {
  await Promise.all([...environment.services.values()].map((service) => service.ready()));
  let told = -1;
  let lastReap = 0;
  for (;;) {
    try {
      const open = await api.list(unfinished);
      if (open.length === 0) return [];
      if (open.length !== told) say(`${open.length} loads have not ended`);
      told = open.length;
      if (performance.now() - lastReap > reapEveryMs) {
        lastReap = performance.now();
        await api.reap();
      }
      await delay(lookEveryMs, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      return [`loads have not ended in time: ${told}`];
    }
  }
}

/** Waits until nothing is left of what has ended, and tells what is. */
async function untilClean(
  environment: Environment,
  api: ApiClient,
): Promise<{ readonly orphans: readonly string[]; readonly keys: readonly string[] }> {
  const until = performance.now() + cleanWithinMs;
  let lastReap = 0;
  for (;;) {
    const orphans = orphansOf(await readEmulator(environment));
    const keys = await keysLeft(environment);
    if (orphans.length + keys.length === 0 || performance.now() > until) return { orphans, keys };
    if (orphans.length > 0 && performance.now() - lastReap > reapEveryMs) {
      lastReap = performance.now();
      await api.reap();
    }
    await delay(lookEveryMs);
  }
}

type EndedAnswer = SentLoad & { readonly answer: LoadAnswer | undefined };

/** What the ledger says of each load, read without the API, which has ended. */
async function answersOf(
  { redis }: Environment,
  sent: readonly SentLoad[],
): Promise<readonly EndedAnswer[]> {
  return await Promise.all(
    sent.map(async ({ plan, id }) => {
      const hash = await redis.client.hgetall(`chaos:{default}:load:${id}`);
      const { state, reasonCode, reasonMessage, parts } = hash;
      if (state === undefined) return { plan, id, answer: undefined };
      const reason =
        reasonCode === undefined
          ? {}
          : { reason: { code: reasonCode, message: reasonMessage ?? "" } };
      return { plan, id, answer: { id, state, parts: { planned: Number(parts ?? 0) }, ...reason } };
    }),
  );
}

function loadProblems(ended: readonly EndedAnswer[], planned: number): readonly string[] {
  const problems: string[] = [];
  const ids = new Set(ended.map(({ id }) => id));
  if (ended.length !== planned) problems.push(`${ended.length} of ${planned} loads were accepted`);
  if (ids.size !== ended.length) problems.push("two requests have one load");
  for (const { plan, id, answer } of ended) {
    if (answer?.state === "complete") continue;
    const { code, message } = answer?.reason ?? { code: "none", message: "" };
    if (answer?.state === "failed" && explained.has(code)) continue;
    problems.push(`${plan.name} (${id}) is ${answer?.state ?? "gone"}: ${code}: ${message}`);
  }
  return problems;
}

function failuresOf(ended: readonly EndedAnswer[]): Readonly<Record<string, number>> {
  const failures: Record<string, number> = {};
  for (const { answer } of ended) {
    if (answer?.state === "complete") continue;
    const code = answer?.reason?.code ?? answer?.state ?? "gone";
    failures[code] = (failures[code] ?? 0) + 1;
  }
  return failures;
}
