/** Entity tags, so that a client that looks again and again need not read the same answer. */
import { createHash } from "node:crypto";

/** A strong tag of an answer's content. */
export function entityTag(answer: unknown): string {
  return `"${createHash("sha256").update(JSON.stringify(answer)).digest("base64url")}"`;
}

/** Whether an `If-None-Match` header names this tag, or any. Weak comparison, as RFC 9110 13.1.2 has it. */
export function isFresh(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const tags = header.split(",").map((text) => text.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(tag);
}
