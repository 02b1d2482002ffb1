/**
 * A part's body that proves itself while it streams. The last chunk is held back until bytes and
 * records are counted, so that a PUT of anything else than the planned part is destroyed, never ended.
 */
import { createHash } from "node:crypto";
import { BulkError, createRecordScanner } from "@headgate/core";
import type { RewindableBody } from "../ports.ts";

/** A body that knows the hash of what went out. */
export interface VerifiedBody extends RewindableBody {
  /** SHA-256 in hex of the last stretch that was read to its end. */
  sha256(): string;
  /** Whether the last opening has given its last chunk away: before that, nobody can have it whole. */
  handedOver(): boolean;
}

/**
 * `records` is the number of CSV records in the body, a header counted. Opening throws
 * ERR_SOURCE_CHANGED where bytes or records differ from the plan.
 */
export function verifiedBody(
  body: RewindableBody,
  plan: { readonly name: string; readonly records: number },
): VerifiedBody {
  let digest = "";
  let isWhole = false;
  return {
    bytes: body.bytes,
    sha256: () => digest,
    handedOver: () => isWhole,
    async *open(signal) {
      isWhole = false;
      const hash = createHash("sha256");
      let records = 0;
      const scanner = createRecordScanner({ uri: plan.name, onRecord: () => records++ });
      let bytesSeen = 0;
      let held: Uint8Array | undefined;
      for await (const chunk of body.open(signal)) {
        if (held !== undefined) yield held;
        hash.update(chunk);
        scanner.push(chunk);
        bytesSeen += chunk.length;
        held = chunk;
      }
      scanner.end();
      if (records !== plan.records || bytesSeen !== body.bytes)
        throw new BulkError(
          "ERR_SOURCE_CHANGED",
          `${plan.name}: ${records} records in ${bytesSeen} bytes were read, ${plan.records} in ${body.bytes} were planned`,
          { fields: { part: plan.name, recordsSeen: records, recordsPlanned: plan.records } },
        );
      digest = hash.digest("hex");
      isWhole = true;
      if (held !== undefined) yield held;
    },
  };
}
