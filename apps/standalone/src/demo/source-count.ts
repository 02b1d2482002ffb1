/**
 * Counts what an object's original files hold, by another CSV parser than headgate's cutter and the
 * emulator's judge use, and another implementation of the emulator's hash: per record the first
 * 8 bytes of SHA-256 over the JSON array of its fields, summed modulo 2^64.
 */
import { hash } from "node:crypto";
import { addAbortSignal, Readable } from "node:stream";
import Papa from "papaparse";
import type { DemoObject, OriginalFile } from "./data-sets.ts";

/** What the emulator must report of the object, by the names of its report. */
export interface SourceCount {
  readonly rowsReceived: number;
  readonly hash: string;
  readonly rowsDeleted: number;
  readonly deletedHash: string;
  readonly rowsReceivedTwice: number;
  readonly rowsReplaced: number;
  readonly keysHeld: number;
  readonly heldHash: string;
}

/** Reads the originals in their order, each as a stream. Throws where one is not CSV. */
export async function countSources(
  { key, originals }: Pick<DemoObject, "key" | "originals">,
  signal: AbortSignal,
): Promise<SourceCount> {
  const received = { rows: 0, sum: 0n };
  const deleted = { rows: 0, sum: 0n };
  const held = new Map<string, bigint>();
  let receivedTwice = 0;
  let replaced = 0;
  for (const original of originals)
    await readOriginal(original, { key, signal }, (keyText, record) => {
      if (original.operation === "delete") {
        deleted.rows += 1;
        deleted.sum += record;
        held.delete(keyText);
        return;
      }
      received.rows += 1;
      received.sum += record;
      const before = held.get(keyText);
      if (before === record) receivedTwice += 1;
      else if (before !== undefined) replaced += 1;
      held.set(keyText, record);
    });
  let heldSum = 0n;
  for (const record of held.values()) heldSum += record;
  return {
    rowsReceived: received.rows,
    hash: hex(received.sum),
    rowsDeleted: deleted.rows,
    deletedHash: hex(deleted.sum),
    rowsReceivedTwice: receivedTwice,
    rowsReplaced: replaced,
    keysHeld: held.size,
    heldHash: hex(heldSum),
  };
}

async function readOriginal(
  original: OriginalFile,
  { key, signal }: { readonly key: string; readonly signal: AbortSignal },
  each: (keyText: string, record: bigint) => void,
): Promise<void> {
  let keyIndex: number | undefined;
  await parseStream(addAbortSignal(signal, original.open()), (fields) => {
    if (keyIndex === undefined) {
      keyIndex = fields.indexOf(key);
      if (keyIndex < 0) throw new TypeError(`the header lacks the key column ${key}`);
      return;
    }
    each(fields[keyIndex] ?? "", recordHash(fields));
  });
}

/** Hands over every record, the header too; blank lines are no records. */
async function parseStream(
  bytes: Readable,
  each: (fields: readonly string[]) => void,
): Promise<void> {
  const lines = Readable.from(wholeLines(bytes));
  await new Promise<void>((resolve, reject) => {
    lines.once("error", reject);
    Papa.parse<string[]>(lines, {
      delimiter: ",",
      skipEmptyLines: true,
      chunk: ({ data, errors }) => {
        const [fault] = errors;
        try {
          if (fault !== undefined)
            throw new TypeError(`not CSV near record ${fault.row ?? "unknown"}: ${fault.code}`);
          for (const fields of data) each(fields);
        } catch (error) {
          reject(error);
          lines.destroy();
        }
      },
      complete: () => resolve(),
      error: reject,
    });
  });
}

/**
 * The text in pieces that end with a line. Papa Parse takes the line end to be that of the first
 * piece, decodes piece by piece, and finds fault with a piece that ends between a quote and CRLF.
 */
async function* wholeLines(bytes: Readable): AsyncGenerator<string, void, undefined> {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  for await (const chunk of bytes) {
    rest += utf8.decode(chunk, { stream: true });
    const end = rest.lastIndexOf("\n") + 1;
    if (end === 0) continue;
    yield rest.slice(0, end);
    rest = rest.slice(end);
  }
  rest += utf8.decode();
  if (rest !== "") yield rest;
}

function recordHash(fields: readonly string[]): bigint {
  return hash("sha256", JSON.stringify(fields), "buffer").readBigUInt64BE(0);
}

function hex(sum: bigint): string {
  return BigInt.asUintN(64, sum).toString(16).padStart(16, "0");
}
