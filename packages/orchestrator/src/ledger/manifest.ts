/**
 * A load's manifest: its pinned source objects and its parts. Both are staged under a key of the
 * planning attempt and put in place by one script together with the state, so that a crash while
 * planning leaves nothing half-done.
 */
import { type Findings, findingsTotal, type Part, type SourceObject } from "@headgate/core";
import { z } from "zod";
import { sealedLine, sealOf } from "../seals/seals.ts";
import { findingsToText } from "./findings-text.ts";
import { executed, guarded, type Ledger, retentionOf, runScript } from "./ledger.ts";
import { entryFacts, manifestFacts } from "./load-seal.ts";
import { endLoadFunction, lineFunctions, stateFunction } from "./lua-fragments.ts";

const stagingSeconds = 6 * 3600;

/** Takes source objects and parts of one planning attempt, in order, and writes them in batches. */
export interface ManifestStage {
  addSource(object: SourceObject): Promise<void>;
  addPart(part: Part): Promise<void>;
  /** Writes what is still held back. */
  flush(): Promise<void>;
}

const batchSize = 500;

/** A stage of its own for one planning attempt; what is staged is forgotten after 6 hours. */
export function stageManifest(ledger: Ledger, loadId: string, attempt: string): ManifestStage {
  const pending = { sources: [] as string[], parts: [] as string[] };
  const added = { sources: 0, parts: 0 };
  const keys = {
    sources: stagingKey(ledger, loadId, attempt, "sources"),
    parts: stagingKey(ledger, loadId, attempt, "parts"),
  };
  async function write(list: keyof typeof pending): Promise<void> {
    const texts = pending[list].splice(0);
    if (texts.length === 0) return;
    const staged = ledger.redis.multi().rpush(keys[list], ...texts);
    // Both, for one of them may rest for hours while the other grows.
    for (const key of Object.values(keys)) staged.expire(key, stagingSeconds);
    await executed(staged);
  }
  async function add(list: keyof typeof pending, value: unknown): Promise<void> {
    const facts = entryFacts(loadId, list, added[list]++);
    const line = sealedLine(ledger, facts, JSON.stringify(value));
    if (pending[list].push(line) >= batchSize) await write(list);
  }
  return {
    addSource: (object) => add("sources", object),
    addPart: (part) => add("parts", part),
    async flush() {
      await write("sources");
      await write("parts");
    },
  };
}

function stagingKey(ledger: Ledger, loadId: string, attempt: string, list: string): string {
  return `${ledger.base}staging:${loadId}:${attempt}:${list}`;
}

const commitScript = `
${lineFunctions}
${stateFunction}
local id, sources, parts = ARGV[1], ARGV[2], ARGV[3]
local key = base .. 'load:' .. id
if redis.call('HGET', key, 'state') ~= 'accepted' then
  redis.call('DEL', sources, parts)
  return 'gone'
end
redis.call('RENAME', sources, key .. ':sources')
redis.call('RENAME', parts, key .. ':parts')
redis.call('PERSIST', key .. ':sources')
redis.call('PERSIST', key .. ':parts')
set_state(id, 'waiting')
redis.call('HSET', key, 'plannedAt', string.format('%.0f', now()),
  'header', ARGV[4], 'sourceObjects', ARGV[5], 'parts', ARGV[6], 'bytes', ARGV[7], 'records', ARGV[8],
  'nextPart', 0, 'findings', ARGV[9])
if ARGV[11] ~= '' then redis.call('HSET', key, 'manifestSeal', ARGV[11]) end
redis.call('SET', key .. ':findings', ARGV[10])
refresh_line(redis.call('HGET', key, 'objectKey'))
return 'waiting'
`;

/** Puts a staged manifest in place and the load in state waiting; `gone` where it was cancelled meanwhile. */
export async function commitManifest(
  ledger: Ledger,
  manifest: {
    readonly loadId: string;
    readonly attempt: string;
    readonly header: string;
    readonly sourceObjects: number;
    readonly parts: number;
    readonly bytes: number;
    readonly records: number;
    readonly findings: Findings;
  },
): Promise<"waiting" | "gone"> {
  const { loadId, attempt, findings } = manifest;
  return z
    .enum(["waiting", "gone"])
    .parse(
      await runScript(ledger, commitScript, [
        loadId,
        stagingKey(ledger, loadId, attempt, "sources"),
        stagingKey(ledger, loadId, attempt, "parts"),
        manifest.header,
        manifest.sourceObjects,
        manifest.parts,
        manifest.bytes,
        manifest.records,
        findingsTotal(findings),
        findingsToText(findings),
        sealOf(ledger, manifestFacts(loadId, manifest)),
      ]),
    );
}

const failScript = `
${lineFunctions}
${endLoadFunction}
local id = ARGV[1]
local state = redis.call('HGET', base .. 'load:' .. id, 'state')
if state ~= 'accepted' then return 'gone' end
redis.call('HSET', base .. 'load:' .. id, 'findings', ARGV[5])
redis.call('SET', base .. 'load:' .. id .. ':findings', ARGV[6])
end_load(id, 'failed', ARGV[2], ARGV[3], ARGV[4])
return 'failed'
`;

/**
 * Ends a load that planning refuses, with what was found until then; `gone` where it is no longer in
 * state accepted.
 */
export async function failPlanning(
  ledger: Ledger,
  loadId: string,
  why: { readonly code: string; readonly message: string; readonly findings: Findings },
): Promise<"failed" | "gone"> {
  return z
    .enum(["failed", "gone"])
    .parse(
      await runScript(ledger, failScript, [
        loadId,
        why.code,
        why.message,
        retentionOf(ledger),
        findingsTotal(why.findings),
        findingsToText(why.findings),
      ]),
    );
}

/** Counts one more planning attempt that met a passing fault; answers how many there were. */
export async function countPlanTry(ledger: Ledger, loadId: string): Promise<number> {
  return await guarded(() => ledger.redis.hincrby(`${ledger.base}load:${loadId}`, "planTries", 1));
}
