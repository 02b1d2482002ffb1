/** The store of source objects that all machines share, and one machine's way to it. */
import { createHash } from "node:crypto";
import { BulkError, bytes, type SourceObject, type SourceSelection } from "@headgate/core";
import type { SourcePort } from "@headgate/orchestrator";
import type { Counters } from "./counters.ts";
import type { CrashPlan } from "./crash-points.ts";
import { inTime } from "./in-time.ts";
import { type Machine, never } from "./machine.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** URI to content. */
export type SourceFiles = Map<string, Buffer>;

/**
 * `unreadable`, `truncated`: passing errors as the store's adapter tells them. `short`: a read that
 * ends early as if that were all. `hang`: nothing comes until the adapter's limit of idleness.
 */
export const sourceFaults = ["unreadable", "truncated", "short", "hang"] as const;
export type SourceFault = (typeof sourceFaults)[number];

export interface SourcePortOptions {
  readonly time: VirtualTime;
  readonly machine: Machine;
  readonly files: SourceFiles;
  readonly random: Random;
  readonly counters: Counters;
  readonly crashes: CrashPlan;
  /** How long it takes to read all of an object. */
  readonly readingMs: (uri: string) => number;
  /** What befalls the next read. */
  readonly fault: (uri: string) => SourceFault | undefined;
}

export function createSourcePort(options: SourcePortOptions): SourcePort {
  const { time, machine, files, random, counters, crashes } = options;

  /** The store's answer comes after a while, or not at all. */
  async function cross(name: string, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (!machine.alive) return await never();
    if (random.chance(0.7)) return;
    const answer = time.sleep(random.int(5, 400), `${machine.name} < store ${name}`, machine);
    await inTime(answer, signal);
  }

  function contentOf(uri: string): Buffer {
    const content = files.get(uri);
    if (content === undefined) throw new BulkError("ERR_SOURCE_NOT_FOUND", `${uri} is not there`);
    return content;
  }

  function pinnedContentOf({ uri, pin }: SourceObject): Buffer {
    const content = contentOf(uri);
    if (pinOf(content) !== pin) throw new BulkError("ERR_SOURCE_CHANGED", `${uri} has changed`);
    return content;
  }

  /** The bytes, or what a fault makes of them. */
  async function* stretch(
    object: SourceObject,
    range: { readonly from: number; readonly to: number } | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    const mark = { operation: "plan", role: "call" } as const;
    await cross(`read ${object.uri}`, signal);
    if (range === undefined && crashes.strikes(machine, mark, "during")) return await never();
    const fault = options.fault(object.uri);
    if (fault !== undefined) counters.count(`source ${fault}`);
    if (fault === "hang") {
      const limit = time.sleep(30_000, `${machine.name} hears nothing of ${object.uri}`, machine);
      await inTime(limit, signal);
    }
    if (fault === "hang" || fault === "unreadable")
      throw new BulkError("ERR_SOURCE_UNREADABLE", `${object.uri} cannot be read for now`);
    const whole = pinnedContentOf(object);
    const content = range === undefined ? whole : whole.subarray(range.from, range.to);
    const half = Math.floor(content.length / 2);
    if (fault === undefined) yield content;
    else yield content.subarray(0, half);
    if (fault === "truncated")
      throw new BulkError("ERR_SOURCE_TRUNCATED", `${object.uri} ended early`);
  }

  return {
    async *list(selection, { signal }) {
      await cross("list", signal);
      if (options.fault("") === "unreadable") {
        counters.count("source unreadable");
        throw new BulkError("ERR_SOURCE_UNREADABLE", "the store cannot be listed for now");
      }
      for (const uri of selectedUris(files, selection)) {
        const content = contentOf(uri);
        yield { uri, bytes: bytes(content.length), pin: pinOf(content) };
      }
    },
    async *readWhole(object, { signal }) {
      const takesMs = options.readingMs(object.uri);
      if (takesMs > 0)
        await inTime(time.sleep(takesMs, `${machine.name} reads ${object.uri}`, machine), signal);
      yield* stretch(object, undefined, signal);
    },
    async *read(object, range, { signal }) {
      yield* stretch(object, range, signal);
    },
    open(pieces) {
      const lengths = pieces.map((piece) =>
        piece.kind === "literal"
          ? Buffer.byteLength(piece.text)
          : piece.range.to - piece.range.from,
      );
      return {
        bytes: bytes(lengths.reduce((sum, length) => sum + length, 0)),
        async *open(signal) {
          for (const piece of pieces)
            if (piece.kind === "literal") yield Buffer.from(piece.text);
            else yield* stretch(piece.object, piece.range, signal);
        },
      };
    },
  };
}

function selectedUris(files: SourceFiles, selection: SourceSelection): readonly string[] {
  const uris = matching(files, selection);
  if (uris.length > 0) return uris;
  throw new BulkError("ERR_SOURCE_NONE_MATCHED", "the selection selects no object");
}

function matching(files: SourceFiles, selection: SourceSelection): readonly string[] {
  switch (selection.kind) {
    case "uri":
      return files.has(selection.uri) ? [selection.uri] : [];
    case "prefix":
      return [...files.keys()].filter((uri) => uri.startsWith(selection.uri)).sort();
    case "keys":
      return selection.uris.map((uri) => thereIn(files, uri));
    case "manifest": {
      const text = files.get(thereIn(files, selection.uri))?.toString() ?? "";
      const { entries } = JSON.parse(text) as {
        readonly entries: readonly { readonly url: string }[];
      };
      return entries.map(({ url }) => thereIn(files, url));
    }
    case "glob":
      throw new TypeError("the simulated store knows no globs");
  }
}

function thereIn(files: SourceFiles, uri: string): string {
  if (files.has(uri)) return uri;
  throw new BulkError("ERR_SOURCE_NOT_FOUND", `${uri} does not exist`, { fields: { uri } });
}

const pins = new WeakMap<Buffer, string>();

/** What tells one content of an object from another. */
export function pinOf(content: Buffer): string {
  const pin = pins.get(content) ?? createHash("sha1").update(content).digest("hex");
  pins.set(content, pin);
  return pin;
}
