/**
 * A run that visits every named crash point: loads go on while each worker that starts is armed with the
 * next point, dies there, and is started again with another.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ApiClient, createApiClient } from "./api-client.ts";
import { conclude } from "./conclude.ts";
import { crashPoints } from "./crash-points.ts";
import { createDice } from "./dice.ts";
import { type Environment, startEnvironment } from "./environment.ts";
import type { ChaosOptions } from "./options.ts";
import { type ChaosReport, secondsSince } from "./report.ts";
import { workerNames } from "./schedule.ts";
import { type SentLoad, sendLoads } from "./send-loads.ts";
import { planWorkload } from "./workload.ts";

/** A worker that has not reached its point so long after it was ready gets another; the point comes again later. */
const patienceMs = 20_000;
/** Longest time to visit all points. */
const mostMs = 30 * 60_000;
/** The rate of creations is not what this run is about; it would only make it longer. */
const slots = 400;
const loadsPerMinute = 50;
/** Small bulk jobs, so that there are many creations, closes and ends. */
const maxFilesPerBulkJob = 4;
const processingMs = 500;
const objects = 7;
const cancelledObjects = 3;
/** No worker is paused and no path is a black hole here, so a create call is seen soon or never. */
const createGraceMs = 4000;

/** A load whose workers die again and again may fail for that; none of its rows is lost by it. */
const explained: ReadonlySet<string> = new Set(["unstable", "quarantined"]);

/** Runs it in `folder`. */
export async function crashRun(
  options: ChaosOptions,
  folder: string,
  say: (line: string) => void,
): Promise<ChaosReport> {
  const began = performance.now();
  const { seed, visits } = options;
  const problems: string[] = [];
  const logFile = join(folder, "crashes.log");
  await writeFile(logFile, "");
  const armory = createArmory(seed, visits);
  let isDisturbed = true;
  const environment = await startEnvironment({
    ...{ folder, objects, slots, processingMs, s3: options.s3 },
    workerEnvironment: (worker) => ({
      CHAOS_CREATE_GRACE_MS: String(createGraceMs),
      CHAOS_MAX_FILES: String(maxFilesPerBulkJob),
      ...(isDisturbed ? { ...armory.arm(worker), CHAOS_CRASH_LOG: logFile } : {}),
    }),
    onUnexpectedEnd: (message, signal) => {
      if (signal !== "SIGKILL" || !isDisturbed) problems.push(message);
    },
  });
  try {
    say(`ready after ${secondsSince(began)} s; ${crashPoints.length} points`);
    const enough = new AbortController();
    const signal = AbortSignal.timeout(mostMs + options.settleMs);
    const api = createApiClient(environment, signal);
    const planned = planWorkload({
      ...{ seed, loadsPerMinute, objects, spanMs: mostMs, small: true },
    });
    const sent: SentLoad[] = [];
    const cancels: Promise<void>[] = [];
    const sending = sendLoads(
      { environment, api, signal, enough: enough.signal },
      planned,
      (load) => {
        sent.push(load);
        if (isCancelled(load)) cancels.push(cancelLater(api, load));
      },
    ).catch((error: unknown) => void problems.push(`sending: ${String(error)}`));
    await untilVisited({ environment, api, armory, logFile, visits, say });
    isDisturbed = false;
    enough.abort();
    await fetch(`${environment.emulatorUrl}/__emulator/faults`, { method: "DELETE" });
    for (const worker of workerNames) await environment.services.get(worker)?.drain();
    await sending;
    await Promise.all(cancels);
    const hits = await hitsOf(logFile);
    const missed = crashPoints.filter((point) => (hits.get(point) ?? 0) < visits);
    problems.push(
      ...missed.map((point) => `point reached ${hits.get(point) ?? 0} times: ${point}`),
    );

    const { problems: found, figures } = await conclude({
      ...{ environment, api, sent, planned: sent.length, slots, signal, say },
      isExplained: ({ state, code }) => state === "cancelled" || explained.has(code),
    });
    problems.push(...found);
    for (const problem of problems) say(`PROBLEM ${problem}`);
    const { rows, rowsMissing, rowsDoubled, rowsResent, loads, parts, ...more } = figures;
    const { maxCreatesInWindow, maxUnfinished, orphansLeft, keysLeft, ...others } = more;
    return {
      ok: problems.length === 0,
      ...{ loads, parts, rows, rowsMissing, rowsDoubled, rowsResent },
      kills: [...hits.values()].reduce((sum, count) => sum + count, 0),
      ...{ redisFaults: 0, networkFaults: 0 },
      ...{ maxCreatesInWindow, maxUnfinished, orphansLeft, keysLeft },
      seconds: secondsSince(began),
      ...{ ...others, problems: problems.length, seed, points: crashPoints.length },
      fewestHits: Math.min(...crashPoints.map((point) => hits.get(point) ?? 0)),
      hits: Object.fromEntries(crashPoints.map((point) => [point, hits.get(point) ?? 0])),
    };
  } finally {
    await environment.close();
  }
}

/** Which point the next worker gets. */
interface Armory {
  arm(worker: string): Readonly<Record<string, string>>;
  /** The point that a worker has. */
  held(worker: string): string | undefined;
  /** Its worker is about to be replaced. */
  release(worker: string): void;
  setHits(hits: ReadonlyMap<string, number>): void;
}

/** Gives out the points that were visited least, those that another worker has last. */
function createArmory(seed: string, visits: number): Armory {
  const dice = createDice(seed, "armory");
  const order = new Map(crashPoints.map((point) => [point, dice.random()]));
  const given = new Map<string, number>();
  const holders = new Map<string, string>();
  let hits: ReadonlyMap<string, number> = new Map();
  return {
    arm(worker) {
      holders.delete(worker);
      const taken = new Set(holders.values());
      // Each is given as often as every other, met or not, until it was visited often enough; one that
      // another worker has only where there is no other.
      const rank = (point: string): number =>
        ((hits.get(point) ?? 0) < visits ? 0 : 1e9) +
        (taken.has(point) ? 1e6 : 0) +
        (given.get(point) ?? 0) * 10 +
        (order.get(point) ?? 0);
      const [point = ""] = crashPoints.toSorted((a, b) => rank(a) - rank(b));
      // Every other time not the first passage of the process, which is often the start's.
      const passes = (given.get(point) ?? 0) % 2;
      given.set(point, (given.get(point) ?? 0) + 1);
      holders.set(worker, point);
      return { CHAOS_CRASH_AT: point, CHAOS_CRASH_PASSES: String(passes) };
    },
    held: (worker) => holders.get(worker),
    release: (worker) => void holders.delete(worker),
    setHits(next) {
      hits = next;
    },
  };
}

/** Goes on until every point was visited often enough, or the time is over. */
async function untilVisited(deps: {
  readonly environment: Environment;
  readonly api: ApiClient;
  readonly armory: Armory;
  readonly logFile: string;
  readonly visits: number;
  readonly say: (line: string) => void;
}): Promise<void> {
  const { environment, api, armory, logFile, visits, say } = deps;
  const began = performance.now();
  let told = -1;
  for (let round = 0; performance.now() - began < mostMs; round++) {
    const hits = await hitsOf(logFile);
    armory.setHits(hits);
    const todo = crashPoints.filter((point) => (hits.get(point) ?? 0) < visits);
    if (todo.length === 0) return;
    if (todo.length !== told) say(`${todo.length} points to visit, ${secondsSince(began)} s`);
    told = todo.length;
    for (const worker of workerNames) {
      const service = environment.services.get(worker);
      const [point, since] = [armory.held(worker), service?.readySince()];
      if (point === undefined || since === undefined) continue;
      if (performance.now() - since < patienceMs) continue;
      say(`${worker} has not come by ${point}`);
      armory.release(worker);
      service?.kill("SIGTERM");
    }
    // What makes the rarer steps happen.
    await stimulate(environment, round);
    if (round % 5 === 0) await api.reap();
    await delay(1000);
  }
}

const stimuli: readonly object[] = [
  { route: "upload", kind: "done-then-timeout", closeSocket: true },
  { route: "create", kind: "error", status: 500 },
  { route: "close", kind: "done-then-timeout", closeSocket: true },
  { route: "create", kind: "early-status", status: 429, retryAfter: "1" },
  { route: "upload", kind: "error", status: 503 },
  { route: "create", kind: "done-then-timeout", closeSocket: true },
  { route: "create", kind: "early-status", status: 429, retryAfter: "1" },
];

async function stimulate({ emulatorUrl }: Environment, round: number): Promise<void> {
  if (round % 2 === 1) return;
  await fetch(`${emulatorUrl}/__emulator/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([stimuli[(round / 2) % stimuli.length]]),
  });
}

async function hitsOf(logFile: string): Promise<Map<string, number>> {
  const hits = new Map<string, number>();
  for (const point of (await readFile(logFile, "utf8")).split("\n").filter(Boolean))
    hits.set(point, (hits.get(point) ?? 0) + 1);
  return hits;
}

/** Every load of the last objects is taken back, so that bulk jobs of one load are aborted. */
function isCancelled({ plan }: SentLoad): boolean {
  return Number(plan.object.slice("thing".length)) > objects - cancelledObjects;
}

async function cancelLater(api: ApiClient, { id }: SentLoad): Promise<void> {
  // Before it is in a bulk job it would simply go.
  while (["accepted", "waiting"].includes(await api.stateOf(id))) await delay(200);
  await api.cancel(id);
}
