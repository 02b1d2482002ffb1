/** The end of a run: every load ends, nothing is left of it, and every row is where it belongs. */
import { setTimeout as delay } from "node:timers/promises";
import type { ApiClient, LoadAnswer } from "./api-client.ts";
import type { Environment } from "./environment.ts";
import { faultsOfLogs, judgeAll, keysLeft, orphansOf, readEmulator } from "./evidence.ts";
import type { Verdict } from "./judge.ts";
import type { SentLoad } from "./send-loads.ts";

/** Time between two rounds of the reaper, and between two looks at what is left. */
const reapEveryMs = 5000;
const lookEveryMs = 500;
/** Longest time from the end of the last load until nothing of it is left. */
const cleanWithinMs = 45_000;
/** The tenant's limit, which holds however a run is scaled. */
const mostUnfinished = 5;

export interface ConcludeOptions {
  readonly environment: Environment;
  readonly api: ApiClient;
  /** Loads that were accepted, and how many should have been. */
  readonly sent: readonly SentLoad[];
  readonly planned: number;
  /** Whether Redis has lost data, so that loads may have been run again. */
  readonly mayRepeat?: boolean;
  /** Creations that the tenant allows in a window. */
  readonly slots: number;
  /** Whether an end other than complete, and its reason, is explained by what was done. */
  readonly isExplained: (end: { readonly state: string; readonly code: string }) => boolean;
  /** Ends the wait for loads. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** What a run has come to. */
export interface Conclusion {
  readonly problems: readonly string[];
  readonly figures: Verdict & {
    readonly loads: number;
    readonly parts: number;
    readonly maxCreatesInWindow: number;
    readonly maxUnfinished: number;
    readonly orphansLeft: number;
    readonly keysLeft: number;
    /** Loads that are not complete, by reason. */
    readonly failedLoads: Readonly<Record<string, number>>;
  };
}

/** Waits for the end of all loads and judges. Stops API and workers for it. */
export async function conclude(options: ConcludeOptions): Promise<Conclusion> {
  const { environment, api, sent, planned, slots, signal, say } = options;
  const problems = [...(await settle(environment, api, signal, say))];
  say("every load has ended, or the time for it");
  const left = await untilClean(environment, api);
  problems.push(...left.orphans, ...left.keys.map((key) => `left in Redis: ${key}`));
  problems.push(...(await environment.stopServices()));
  const ended = await answersOf(environment, sent);
  const { verdict, problems: wrongRows } = await judgeAll(
    environment,
    ended.map(({ plan, answer }) => ({ plan, isComplete: answer?.state === "complete" })),
    { mayRepeat: options.mayRepeat ?? false },
  );
  problems.push(...wrongRows, ...loadProblems(ended, planned, options.isExplained));
  problems.push(...api.unexpected, ...(await faultsOfLogs(environment)));
  const { maxima } = await readEmulator(environment);
  const { maxCreatesInRollingHour: maxCreatesInWindow, maxUnfinished } = maxima;
  if (maxCreatesInWindow > slots) problems.push(`${maxCreatesInWindow} creations in a window`);
  if (maxUnfinished > mostUnfinished) problems.push(`${maxUnfinished} unfinished bulk jobs`);
  return {
    problems,
    figures: {
      loads: ended.length,
      parts: ended.reduce((sum, { answer }) => sum + (answer?.parts.planned ?? 0), 0),
      ...verdict,
      ...{ maxCreatesInWindow, maxUnfinished },
      orphansLeft: left.orphans.length,
      keysLeft: left.keys.length,
      failedLoads: failuresOf(ended),
    },
  };
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

function loadProblems(
  ended: readonly EndedAnswer[],
  planned: number,
  isExplained: ConcludeOptions["isExplained"],
): readonly string[] {
  const problems: string[] = [];
  const ids = new Set(ended.map(({ id }) => id));
  if (ended.length !== planned) problems.push(`${ended.length} of ${planned} loads were accepted`);
  if (ids.size !== ended.length) problems.push("two requests have one load");
  for (const { plan, id, answer } of ended) {
    if (answer?.state === "complete") continue;
    const { code, message } = answer?.reason ?? { code: "none", message: "" };
    const state = answer?.state ?? "gone";
    if (isExplained({ state, code })) continue;
    problems.push(`${plan.name} (${id}) is ${state}: ${code}: ${message}`);
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
