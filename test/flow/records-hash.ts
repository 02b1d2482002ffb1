/** The emulator's order-free hash of records, computed anew from its description. */
import { createHash } from "node:crypto";

export function recordsHash(rows: readonly (readonly string[])[]): string {
  let sum = 0n;
  for (const row of rows)
    sum += createHash("sha256").update(JSON.stringify(row)).digest().readBigUInt64BE(0);
  return (sum % 2n ** 64n).toString(16).padStart(16, "0");
}
