/** Removes files that clients have sent, once no load needs them and their days are over. */
import { setTimeout } from "node:timers/promises";
import { isFinalLoadState, loadStates } from "@headgate/core";
import type { EmitEvent, Loads, LoadView } from "@headgate/orchestrator";
import type { UploadFolder } from "@headgate/part-source/uploads";

export interface UploadSweepOptions {
  readonly uploads: Pick<UploadFolder, "sweep">;
  /** What loads of all connections that have not ended name as their source. */
  readonly sourcesInUse: () => AsyncIterable<LoadView["source"]>;
  /** How long a file stays after it was received or last in use. */
  readonly keepMs: number;
  readonly emit: EmitEvent;
}

/** Time between two rounds: an hour. */
const everyMs = 3_600_000;

/** Sweeps now and every hour until it is closed. A round that fails is told of, and the next one tries again. */
export function startUploadSweep(options: UploadSweepOptions): { close(): Promise<void> } {
  const stop = new AbortController();
  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await sweepUploads(options, Date.now());
      await setTimeout(everyMs, undefined, { signal: stop.signal, ref: false }).catch(() => {});
    }
  }
  const running = run();
  return {
    async close() {
      stop.abort();
      await running;
    },
  };
}

/** The sources of all loads that have not ended. */
export async function* unfinishedSources(
  loads: Pick<Loads, "list">,
): AsyncGenerator<LoadView["source"]> {
  const states = loadStates.filter((state) => !isFinalLoadState(state));
  let cursor: string | undefined;
  do {
    const page = await loads.list({
      states,
      limit: 100,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { source } of page.loads) yield source;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

/** One round. Never throws. */
export async function sweepUploads(
  { uploads, sourcesInUse, keepMs, emit }: UploadSweepOptions,
  nowMs: number,
): Promise<void> {
  try {
    const found = new Set<string>();
    // Most loads name objects in S3, which are no uploads.
    for await (const source of sourcesInUse())
      for (const start of startsOf(source)) if (start.startsWith("file:")) found.add(start);
    const starts = [...found];
    const inUse = (uri: string): boolean => {
      const plain = decoded(uri);
      return starts.some((start) => plain.startsWith(start));
    };
    const { length: files } = await uploads.sweep({ olderThanMs: keepMs, inUse, nowMs });
    if (files > 0) emit({ type: "uploads.removed", files });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    emit({ type: "uploads.sweep-failed", message });
  }
}

/** Texts that the URIs of all files that a source may mean begin with. One file too many stays; none goes too early. */
function startsOf(source: LoadView["source"]): readonly string[] {
  if ("uri" in source) return [decoded(source.uri)];
  if ("prefix" in source) return [decoded(source.prefix)];
  if ("glob" in source) return [decoded(source.glob.replace(/[*?[{].*$/s, ""))];
  if ("keys" in source) return source.keys.map(decoded);
  // A manifest may name any file of its scheme.
  return [`${source.manifest.split("://")[0]}://`];
}

function decoded(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}
