/**
 * Whatever happens in whatever order, each part of a load that has not ended is in exactly one
 * place: waiting, in a live bulk job, or settled; and every counter is the sum of what it counts.
 */
import { isFinalLoadState, loadStates, noFindings } from "@headgate/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readBulkJobParts, unfinishedBulkJobs } from "./bulk-job-record.ts";
import { cancelLoad } from "./cancel.ts";
import { endBulkJob, restartBudget } from "./end-bulk-job.ts";
import {
  addLoad,
  bulkJobOf,
  claimAs,
  complete,
  loadOf,
  lost,
  openTestLedger,
} from "./ledger.test-support.ts";
import type { Ledger } from "./ledger.ts";
import { failPlanning } from "./manifest.ts";
import { recordClosed, recordUploaded, returnLastPart } from "./part-progress.ts";

const objects = ["orders", "customers"] as const;

interface World {
  readonly ledger: Ledger;
  readonly loads: string[];
  /** Parts of every bulk job so far that has completed. */
  readonly settled: Map<string, number[]>;
  jobs: number;
}

type Command = (world: World) => Promise<void>;

/** A command that a counterexample shows by name. */
function named(name: string, run: Command): Command {
  return Object.assign(run, { [fc.toStringMethod]: () => name });
}

function add(object: string, parts: number): Command {
  return named(`add ${parts} parts of ${object}`, async ({ ledger, loads }) => {
    loads.push(await addLoad(ledger, { id: String(loads.length), object, parts }));
  });
}

function accept(object: string): Command {
  return named(`accept ${object}`, async ({ ledger, loads }) => {
    loads.push(await addLoad(ledger, { id: String(loads.length), object }));
  });
}

/** Planning refuses the n-th load, where that is not planned yet. */
function refuse(nth: number): Command {
  return named(`refuse ${nth}`, async ({ ledger, loads }) => {
    const id = loads[nth % Math.max(loads.length, 1)];
    const why = { code: "csv_empty", message: "empty", findings: noFindings("refuse") };
    if (id !== undefined) await failPlanning(ledger, id, why);
  });
}

function claim(object: string, maxFiles: number): Command {
  return named(`claim ${maxFiles} of ${object}`, async (world) => {
    await claimAs(world.ledger, `job${world.jobs++}`, { object, maxFiles });
  });
}

function cancel(nth: number): Command {
  return named(`cancel ${nth}`, async ({ ledger, loads }) => {
    const id = loads[nth % Math.max(loads.length, 1)];
    if (id !== undefined) await cancelLoad(ledger, id);
  });
}

/** Does something with the n-th live bulk job, where there is one. */
function withJob(nth: number, act: (world: World, id: string) => Promise<void>): Command {
  return named(`${act.name} ${nth}`, async (world) => {
    const live = await unfinishedBulkJobs(world.ledger);
    const id = live[nth % Math.max(live.length, 1)];
    if (id !== undefined) await act(world, id);
  });
}

async function upload({ ledger }: World, id: string): Promise<void> {
  const record = await bulkJobOf(ledger, id);
  const part = (await readBulkJobParts(ledger, id))[record.next];
  if (part !== undefined) await recordUploaded(ledger, record, { part, sha256: "0" });
}

async function giveBack({ ledger }: World, id: string): Promise<void> {
  const record = await bulkJobOf(ledger, id);
  if (record.next < record.files) await returnLastPart(ledger, record);
}

async function close({ ledger }: World, id: string): Promise<void> {
  const record = await bulkJobOf(ledger, id);
  if (record.next > 0 && record.next === record.files)
    await recordClosed(ledger, record, "UploadComplete");
}

async function finish({ ledger, settled }: World, id: string): Promise<void> {
  const record = await bulkJobOf(ledger, id);
  if (record.phase !== "processing") return;
  await endBulkJob(ledger, record, complete);
  for (const { load, part } of await readBulkJobParts(ledger, id))
    settled.set(load, [...(settled.get(load) ?? []), part]);
}

async function lose({ ledger }: World, id: string): Promise<void> {
  await endBulkJob(ledger, await bulkJobOf(ledger, id), lost);
}

async function blameFirst({ ledger }: World, id: string): Promise<void> {
  const culprits = (await readBulkJobParts(ledger, id)).slice(0, 1).map(({ load }) => load);
  const ending = { ...lost, end: "aborted", culprits, chargeRestart: false } as const;
  await endBulkJob(ledger, await bulkJobOf(ledger, id), ending);
}

async function checkLoads({ ledger, loads, settled }: World): Promise<void> {
  const { redis, base } = ledger;
  const live = new Map<string, { parts: number[]; uploaded: number; closed: number }>();
  for (const id of await unfinishedBulkJobs(ledger)) {
    const record = await bulkJobOf(ledger, id);
    const parts = await readBulkJobParts(ledger, id);
    expect(record).toMatchObject({ files: parts.length, bytes: 10 * parts.length });
    for (const [index, { load, part }] of parts.entries()) {
      const sums = live.get(load) ?? { parts: [], uploaded: 0, closed: 0 };
      sums.parts.push(part);
      if (index < record.next) sums.uploaded++;
      if (record.closedAt !== undefined) sums.closed++;
      live.set(load, sums);
    }
  }
  for (const id of loads) {
    const load = await loadOf(ledger, id);
    const inJobs = live.get(id) ?? { parts: [], uploaded: 0, closed: 0 };
    const done = settled.get(id) ?? [];
    const uploaded = inJobs.uploaded + done.length;
    expect(load).toMatchObject({
      claimedParts: inJobs.parts.length,
      uploadedParts: uploaded,
      uploadedBytes: 10 * uploaded,
      uploadedRecords: uploaded,
      closedParts: inJobs.closed + done.length,
      settledParts: done.length,
      settledBytes: 10 * done.length,
      settledRecords: done.length,
    });
    const returned = await redis.zrange(`${base}load:${id}:returned`, "0", "-1");
    const inLine = (await redis.zscore(`${base}line:${load.objectKey}`, id)) !== null;
    if (load.state === "accepted") {
      expect({ returned, inLine }).toEqual({ returned: [], inLine: true });
      continue;
    }
    if (isFinalLoadState(load.state)) {
      expect({ returned, inLine }).toEqual({ returned: [], inLine: false });
      expect(load.endedAt).toBeDefined();
      if (load.state === "complete") expect(done).toHaveLength(load.parts);
      if (load.reasonCode === "unstable") expect(load.restarts).toBeGreaterThan(restartBudget);
      continue;
    }
    const fresh = Array.from({ length: load.parts - load.nextPart }, (_, i) => load.nextPart + i);
    const waiting = [...returned.map(Number), ...fresh];
    const everywhere = [...waiting, ...inJobs.parts, ...done].toSorted((a, b) => a - b);
    expect(everywhere).toEqual(Array.from({ length: load.parts }, (_, i) => i));
    expect(inLine).toBe(waiting.length > 0);
    expect(load.state === "processing").toBe(load.closedParts === load.parts);
    if (load.state === "waiting") expect(inJobs.parts).toEqual([]);
  }
}

/** Exactly the unfinished loads are pending, and each load is in the index of its own state. */
async function checkIndexes({ ledger, loads }: World): Promise<void> {
  const { redis, base } = ledger;
  const byState = new Map<string, string[]>(loadStates.map((state) => [state, []]));
  for (const id of loads) byState.get((await loadOf(ledger, id)).state)?.push(id);
  for (const [state, ids] of byState)
    expect((await redis.zrange(`${base}loads:state:${state}`, "0", "-1")).toSorted()).toEqual(
      ids.toSorted(),
    );
  const unfinished = loadStates.filter((state) => !isFinalLoadState(state));
  expect((await redis.smembers(`${base}pending:test`)).toSorted()).toEqual(
    unfinished.flatMap((state) => byState.get(state) ?? []).toSorted(),
  );
}

async function checkLines({ ledger }: World): Promise<void> {
  const { redis, base } = ledger;
  for (const object of objects) {
    const [, head] = await redis.zrange(`${base}line:crm/${object}`, "0", "0", "WITHSCORES");
    expect(await redis.zscore(`${base}lines`, `crm/${object}`)).toBe(head ?? null);
  }
}

const anyObject = fc.constantFrom(...objects);
const nth = fc.nat(7);
const jobCommand = (weight: number, act: (world: World, id: string) => Promise<void>) => ({
  weight,
  arbitrary: nth.map((n) => withJob(n, act)),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(anyObject, fc.integer({ min: 1, max: 5 })).map((a) => add(...a)),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(anyObject, fc.integer({ min: 1, max: 4 })).map((a) => claim(...a)),
  },
  { weight: 1, arbitrary: nth.map(cancel) },
  { weight: 1, arbitrary: anyObject.map(accept) },
  { weight: 1, arbitrary: nth.map(refuse) },
  jobCommand(12, upload),
  jobCommand(1, giveBack),
  jobCommand(5, close),
  jobCommand(4, finish),
  jobCommand(2, lose),
  jobCommand(1, blameFirst),
);

it.each([true, false])(
  "keeps every part in one place and every counter true (one bulk job per object: %s)",
  async (oneBulkJobPerObject) => {
    const run = async (commands: readonly Command[]): Promise<void> => {
      const test = openTestLedger({ oneBulkJobPerObject, slots: 1000 });
      const world: World = { ledger: test.ledger, loads: [], settled: new Map(), jobs: 0 };
      try {
        for (const step of commands) {
          await step(world);
          await checkLoads(world);
          await checkLines(world);
          await checkIndexes(world);
        }
      } finally {
        await test.close();
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 40 }), run), {
      numRuns: 40,
    });
  },
  60_000,
);
