/** An entry of the feed as it stands in the Redis stream. */
import { BulkError } from "@headgate/core";
import { z } from "zod";
import type { FeedEntry } from "../event-feed.ts";
import type { HeadgateEvent } from "../events.ts";

export interface StoredEntry {
  readonly id: string;
  /** Undefined where it is none that headgate wrote. */
  readonly entry: FeedEntry | undefined;
  /** Whether its writer had to drop events right before it. */
  readonly isAfterGap: boolean;
}

/** An entry as XRANGE and XREAD answer it. */
export type RawEntry = readonly [id: string, fields: readonly string[]];

const fieldsSchema = z.object({
  event: z
    .string()
    .transform((text, { addIssue }): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        addIssue("is not JSON");
        return undefined;
      }
    })
    .pipe(z.looseObject({ type: z.string() })),
  connection: z.string().exactOptional(),
  principal: z.string().exactOptional(),
  missing: z.coerce.number().default(0),
});

/** Reads an entry; anyone can add to a stream, so what cannot be read is an answer too. */
export function parseEntry([id, flat]: RawEntry): StoredEntry {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ""] = flat[i + 1] ?? "";
  const parsed = fieldsSchema.safeParse(fields);
  if (!parsed.success) return { id, entry: undefined, isAfterGap: true };
  const { event, missing, ...marks } = parsed.data;
  const at = new Date(Number(id.split("-", 1)[0])).toISOString();
  // A newer version of headgate may write types that this one does not know; they are passed on.
  const entry = { id, at, event: event as HeadgateEvent, ...marks };
  return { id, entry, isAfterGap: missing > 0 };
}

/** Whether an entry id stands before another. */
export function isBefore(a: string, b: string): boolean {
  const [ms = 0, sequence = 0] = a.split("-").map(Number);
  const [otherMs = 0, otherSequence = 0] = b.split("-").map(Number);
  return ms < otherMs || (ms === otherMs && sequence < otherSequence);
}

/** Throws ERR_REQUEST_INVALID unless it is an id as the feed gives them. */
export function checkEntryId(id: string): void {
  if (/^\d{1,15}-\d{1,15}$/.test(id)) return;
  throw new BulkError(
    "ERR_REQUEST_INVALID",
    `event id: "${id.slice(0, 40)}" is none that the feed gave; they look like 1700000000000-0`,
    { fields: { field: "id" } },
  );
}
