/** The ledger as it stands in the keyspace, read at once and without the code that is judged. */
import type { Keyspace } from "@headgate/orchestrator/memory-redis";

export interface LoadFacts {
  readonly id: string;
  readonly state: string;
  readonly sequence: number;
  readonly objectKey: string;
  readonly reasonCode: string;
  readonly parts: number;
  readonly nextPart: number;
  readonly claimedParts: number;
  readonly settledParts: number;
  readonly uploadedParts: number;
  readonly closedParts: number;
  readonly acceptedAt: number;
  readonly request: string;
}

export interface BulkJobFacts {
  readonly id: string;
  readonly phase: string;
  readonly objectKey: string;
  readonly remoteId: string;
  readonly next: number;
  readonly files: number;
  readonly isClosed: boolean;
  readonly parts: readonly PartFacts[];
}

export interface PartFacts {
  readonly load: string;
  readonly part: number;
  readonly records: number;
}

export function hashAt(keyspace: Keyspace, key: string): ReadonlyMap<string, string> {
  return keyspace.get(key, "hash")?.fields ?? new Map();
}

export function membersAt(keyspace: Keyspace, key: string): readonly string[] {
  return keyspace.get(key, "zset")?.sorted.order ?? [];
}

export function loadAt(keyspace: Keyspace, base: string, id: string): LoadFacts | undefined {
  const fields = hashAt(keyspace, `${base}load:${id}`);
  if (fields.size === 0) return undefined;
  const count = (name: string): number => Number(fields.get(name) ?? 0);
  return {
    id,
    state: fields.get("state") ?? "",
    sequence: count("sequence"),
    objectKey: fields.get("objectKey") ?? "",
    reasonCode: fields.get("reasonCode") ?? "",
    parts: count("parts"),
    nextPart: count("nextPart"),
    claimedParts: count("claimedParts"),
    settledParts: count("settledParts"),
    uploadedParts: count("uploadedParts"),
    closedParts: count("closedParts"),
    acceptedAt: count("acceptedAt"),
    request: fields.get("request") ?? "",
  };
}

/** Every load that the ledger has. */
export function loadsAt(keyspace: Keyspace, base: string): readonly LoadFacts[] {
  return membersAt(keyspace, `${base}loads`).flatMap((id) => loadAt(keyspace, base, id) ?? []);
}

export function bulkJobAt(keyspace: Keyspace, base: string, id: string): BulkJobFacts | undefined {
  const key = `${base}bulk-job:${id}`;
  const fields = hashAt(keyspace, key);
  if (fields.size === 0) return undefined;
  const texts = keyspace.get(`${key}:parts`, "list")?.items ?? [];
  return {
    id,
    phase: fields.get("phase") ?? "",
    objectKey: fields.get("objectKey") ?? "",
    remoteId: fields.get("remoteId") ?? "",
    next: Number(fields.get("next") ?? 0),
    files: Number(fields.get("files") ?? 0),
    isClosed: fields.has("closedAt"),
    parts: texts.map((text) => JSON.parse(text) as PartFacts),
  };
}

/** The bulk job of ours that has this remote id. */
export function bulkJobOfRemoteAt(
  keyspace: Keyspace,
  base: string,
  remoteId: string,
): BulkJobFacts | undefined {
  const id = keyspace.get(`${base}remote:${remoteId}`, "string")?.text;
  return id === undefined ? undefined : bulkJobAt(keyspace, base, id);
}

export const finalStates: ReadonlySet<string> = new Set(["complete", "failed", "cancelled"]);
