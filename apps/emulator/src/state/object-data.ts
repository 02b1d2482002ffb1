/**
 * What arrived for each object, and what the object holds after it.
 *
 * Bulk jobs hand over their files when they complete, in the order of completion; the rows are
 * applied in slices with a breath between them, so that 70 million rows do not silence the server.
 * `settled` waits until everything handed over is applied.
 */
import { setImmediate as breath } from "node:timers/promises";
import type { Operation } from "@headgate/core";
import type { EmulatorSettings } from "../settings.ts";
import { HeldRecords } from "./held-records.ts";
import { HashSum } from "./record-hash.ts";
import type { RowLog } from "./row-log.ts";

/** The rows of one accepted file. `log` is empty where keys are not tracked. */
export interface FileRows {
  readonly rows: number;
  readonly hash: HashSum;
  readonly log: RowLog;
}

/** Rows of one file as they were applied to the object, in order. */
interface AppliedFile {
  readonly operation: Operation;
  readonly log: RowLog;
}

/** An object's line in the state report. Hashes are defined in record-hash.ts. */
export interface ObjectReport {
  readonly sourceName: string;
  readonly object: string;
  /** Upsert rows in completed bulk jobs. */
  readonly rowsReceived: number;
  /** Sum of the hashes of those rows. */
  readonly hash: string;
  /** Delete rows in completed bulk jobs. */
  readonly rowsDeleted: number;
  readonly deletedHash: string;
  /** Records that came by streaming and were applied. */
  readonly rowsStreamed: number;
  /** Streamed records that did not fit the schema and were dropped, as the real API does silently. */
  readonly rowsStreamedDropped: number;
  /** Upsert rows whose key already held the identical record; null where keys are not tracked. */
  readonly rowsReceivedTwice: number | null;
  /** Upsert rows whose key held another record; null where keys are not tracked. */
  readonly rowsReplaced: number | null;
  /** Keys held now; null where keys are not tracked. */
  readonly keysHeld: number | null;
  /** Sum of the hashes of the records held now; null where keys are not tracked. */
  readonly heldHash: string | null;
}

/** What an object remembers of its rows. */
type Keep = Pick<EmulatorSettings, "keepKeys" | "keepApplied">;

const rowsPerSlice = 65_536;

export class ObjectData {
  readonly #sourceName: string;
  readonly #object: string;
  readonly #held: HeldRecords | undefined;
  readonly #applied: AppliedFile[] | undefined;
  readonly #upserted = new HashSum();
  readonly #deleted = new HashSum();
  #rowsReceived = 0;
  #rowsDeleted = 0;
  #rowsStreamed = 0;
  #rowsStreamedDropped = 0;
  #rowsReceivedTwice = 0;
  #rowsReplaced = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(sourceName: string, object: string, keep: Keep) {
    this.#sourceName = sourceName;
    this.#object = object;
    this.#held = keep.keepKeys ? new HeldRecords() : undefined;
    this.#applied = keep.keepKeys && keep.keepApplied ? [] : undefined;
  }

  /** Takes the files of a completed bulk job, to be applied in this order. */
  complete(operation: Operation, files: readonly FileRows[]): void {
    for (const file of files) {
      if (operation === "upsert") {
        this.#rowsReceived += file.rows;
        this.#upserted.addSum(file.hash);
      } else {
        this.#rowsDeleted += file.rows;
        this.#deleted.addSum(file.hash);
      }
      this.#enqueue(operation, file.log, "bulk");
    }
  }

  /** Takes streamed records or deletes that have come due; `dropped` of them did not fit the schema. */
  stream(operation: Operation, file: FileRows, dropped: number): void {
    this.#rowsStreamed += file.rows;
    this.#rowsStreamedDropped += dropped;
    this.#enqueue(operation, file.log, "streaming");
  }

  /** Resolves when all that was handed over is applied. */
  settled(): Promise<void> {
    return this.#work;
  }

  /**
   * Every row in the order in which it was applied, as lines `u` or `d` (upsert, delete), key hash and
   * record hash, some thousand lines at a time; undefined where they are not kept.
   */
  applied(): Iterable<string> | undefined {
    return this.#applied === undefined ? undefined : appliedLines(this.#applied);
  }

  report(): ObjectReport {
    const held = this.#held;
    return {
      sourceName: this.#sourceName,
      object: this.#object,
      rowsReceived: this.#rowsReceived,
      hash: this.#upserted.toString(),
      rowsDeleted: this.#rowsDeleted,
      deletedHash: this.#deleted.toString(),
      rowsStreamed: this.#rowsStreamed,
      rowsStreamedDropped: this.#rowsStreamedDropped,
      rowsReceivedTwice: held === undefined ? null : this.#rowsReceivedTwice,
      rowsReplaced: held === undefined ? null : this.#rowsReplaced,
      keysHeld: held === undefined ? null : held.size,
      heldHash: held === undefined ? null : held.hash,
    };
  }

  #enqueue(operation: Operation, log: RowLog, way: "bulk" | "streaming"): void {
    const held = this.#held;
    if (held === undefined || log.rows === 0) return;
    this.#work = this.#work.then(async () => {
      this.#applied?.push({ operation, log });
      for (const chunk of log.chunks()) {
        for (let from = 0; from < chunk.length; from += rowsPerSlice * 4) {
          this.#apply(held, operation, chunk.subarray(from, from + rowsPerSlice * 4), way);
        }
        if (chunk.length >= rowsPerSlice) await breath();
      }
    });
  }

  #apply(held: HeldRecords, operation: Operation, words: Uint32Array, way: string): void {
    for (let at = 0; at < words.length; at += 4) {
      const keyHigh = words[at] ?? 0;
      const keyLow = words[at + 1] ?? 0;
      if (operation === "delete") {
        held.delete(keyHigh, keyLow);
        continue;
      }
      const effect = held.upsert(keyHigh, keyLow, words[at + 2] ?? 0, words[at + 3] ?? 0);
      if (way === "streaming") continue;
      if (effect === "same") this.#rowsReceivedTwice += 1;
      if (effect === "replaced") this.#rowsReplaced += 1;
    }
  }
}

function* appliedLines(files: readonly AppliedFile[]): Generator<string> {
  for (const { operation, log } of files) {
    const sign = operation === "upsert" ? "u" : "d";
    for (const words of log.chunks()) {
      let lines = "";
      for (let at = 0; at < words.length; at += 4)
        lines += `${sign} ${hex(words[at])}${hex(words[at + 1])} ${hex(words[at + 2])}${hex(words[at + 3])}\n`;
      yield lines;
    }
  }
}

function hex(word = 0): string {
  return word.toString(16).padStart(8, "0");
}

/** The data of every object that has received any. */
export class ObjectStore {
  readonly #objects = new Map<string, ObjectData>();

  of(sourceName: string, object: string, keep: Keep): ObjectData {
    const key = `${sourceName}/${object}`;
    const known = this.#objects.get(key);
    if (known !== undefined) return known;
    const created = new ObjectData(sourceName, object, keep);
    this.#objects.set(key, created);
    return created;
  }

  /** The object's data, where it has received any. */
  find(sourceName: string, object: string): ObjectData | undefined {
    return this.#objects.get(`${sourceName}/${object}`);
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#objects.values()].map((data) => data.settled()));
  }

  report(): readonly ObjectReport[] {
    return [...this.#objects.values()].map((data) => data.report());
  }
}
