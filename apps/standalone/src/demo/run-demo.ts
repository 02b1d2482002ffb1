/** The demo from start to verdict. */
import { isAbsolute, relative } from "node:path";
import { createApiClient } from "./api-client.ts";
import type { DemoConfig } from "./config.ts";
import { type DemoObject, layOutDataSets } from "./data-sets.ts";
import type { DemoError } from "./demo-error.ts";
import { readEmulator } from "./emulator-report.ts";
import { enqueueAll } from "./enqueue.ts";
import { fillStore } from "./fill-store.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { followLoads } from "./follow-loads.ts";
import { cliScript } from "./packages.ts";
import { processingMs, workerCount } from "./programs.ts";
import { loadTable, type Summary, summarise, verdictLines } from "./report.ts";
import { schemaYaml } from "./schema-yaml.ts";
import type { Screen } from "./screen.ts";
import { countSources, type SourceCount } from "./source-count.ts";
import { judge } from "./verdict.ts";
import type { Watchdog } from "./watchdog.ts";

export interface DemoDeps {
  readonly folder: string;
  readonly watchdog: Watchdog;
  /** Takes what undoes each step, to be run last first. */
  readonly cleanUps: (() => Promise<unknown>)[];
  readonly onUnexpectedEnd: (error: DemoError) => void;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Runs it all, tells of it on the screen, and gives the result and what is running. */
export async function runDemo(
  config: DemoConfig,
  deps: DemoDeps,
): Promise<{ readonly summary: Summary; readonly fleet: Fleet }> {
  const { screen, signal } = deps;
  const startedAt = performance.now();
  const { objects, files } = await layOutDataSets(config.megabytes * 1_000_000);

  const fleet = await startFleet({
    ...deps,
    schemas: schemasOf(objects),
    redisUrl: config.redisUrl,
    childEnvironment: config.childEnvironment,
    report: screen.say,
  });
  screen.say(`started Redis, S3, emulator, HTTP API and ${workerCount} workers`);
  await fillStore(fleet.s3, files, signal);
  screen.say(
    `put ${files.length} CSV files into S3, one of them generated, ${config.megabytes} MB`,
  );

  const api = createApiClient(fleet, signal);
  const accepted = await enqueueAll({ fleet, api }, objects, signal);
  screen.say(`brought ${accepted.length} loads by HTTP, CLI and Redis stream`);
  const ids = accepted.map(({ id }) => id);
  const [views, counts] = await together(signal, (each) => [
    followLoads(api, ids, { show: screen.show, signal: each }),
    countAll(objects, each),
  ]);
  screen.say("all loads have ended, and another CSV parser has counted the sources");
  const emulator = await readEmulator(fleet.emulatorUrl, signal);

  const evidence = { accepted, views, counts, emulator, processingMs };
  const verdict = judge(evidence);
  const summary = summarise(evidence, verdict, (performance.now() - startedAt) / 1000);
  screen.say("");
  for (const line of loadTable(accepted, views)) screen.say(line);
  screen.say("");
  for (const line of verdictLines(summary, verdict)) screen.say(line);
  return { summary, fleet };
}

/** Where everything is that `--keep` leaves running, and how to use it. */
export function placesOf({ apiUrl, emulatorUrl, s3, credentials }: Fleet): readonly string[] {
  const cli = fromHere(cliScript);
  return [
    "",
    `HTTP API    ${apiUrl}/v1/loads`,
    `Bull Board  ${apiUrl}/board  (user ${credentials.boardUser}, password in ${credentials.boardPasswordFile})`,
    `emulator    ${emulatorUrl}/__emulator/state`,
    `S3          ${s3.url}/${s3.bucket}`,
    "",
    "CLI, in another terminal:",
    `  export HEADGATE_API_URL=${apiUrl} HEADGATE_API_KEY_FILE=${credentials.apiKeyFile}`,
    `  ${cli} status`,
    `  ${cli} load s3://${s3.bucket}/vega/airports.csv --to vega/airports --operation upsert --wait`,
    "",
    "Ctrl-C ends everything.",
  ];
}

async function countAll(
  objects: readonly DemoObject[],
  signal: AbortSignal,
): Promise<ReadonlyMap<DemoObject, SourceCount>> {
  const counts = new Map<DemoObject, SourceCount>();
  for (const object of objects) counts.set(object, await countSources(object, signal));
  return counts;
}

/** Both results, or the first failure, which also stops the other. */
async function together<A, B>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => readonly [Promise<A>, Promise<B>],
): Promise<readonly [A, B]> {
  const over = new AbortController();
  try {
    return await Promise.all(start(AbortSignal.any([signal, over.signal])));
  } finally {
    over.abort();
  }
}

function schemasOf(objects: readonly DemoObject[]): ReadonlyMap<string, string> {
  const bySource = Map.groupBy(objects, ({ sourceName }) => sourceName);
  return new Map([...bySource].map(([name, group]) => [name, schemaYaml(name, group)]));
}

function fromHere(path: string): string {
  const here = relative(process.cwd(), path);
  return here.startsWith("..") || isAbsolute(here) ? path : `./${here}`;
}
