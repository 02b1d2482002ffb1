/** What an entry of the stream asks for. */
import { BulkError } from "@headgate/core";
import { type LoadRequest, parseLoadRequest } from "../load-request.ts";

/** An entry as Redis gives it. */
export interface StreamEntry {
  readonly id: string;
  readonly fields: ReadonlyMap<string, string>;
}

export type StreamAsk =
  | { readonly kind: "load"; readonly request: LoadRequest; readonly idempotencyKey: string }
  | { readonly kind: "cancel"; readonly loadId: string };

/** Most characters of a request, like the HTTP body limit. */
const maxRequestCharacters = 64 * 1024;

/** Reads an entry. Throws ERR_REQUEST_INVALID for any other fields than documented. */
export function readAsk(entry: StreamEntry): StreamAsk {
  const loadId = entry.fields.get("cancel");
  if (loadId === undefined)
    return {
      kind: "load",
      request: parseLoadRequest(requestOf(entry)),
      idempotencyKey: keyOf(entry),
    };
  if (entry.fields.size > 1) throw invalid("an entry with the field cancel has no other field");
  return { kind: "cancel", loadId };
}

function requestOf({ fields }: StreamEntry): unknown {
  const text = fields.get("request");
  if (text === undefined) throw invalid("the entry has no field request");
  if ([...fields.keys()].some((field) => field !== "request" && field !== "key"))
    throw invalid("the entry has a field other than request and key");
  if (text.length > maxRequestCharacters)
    throw invalid(`request has ${text.length} characters, allowed are ${maxRequestCharacters}`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid("request is not JSON");
  }
}

/** The caller's key, as HTTP takes it; an entry without one stands for itself, under a name no caller can give. */
function keyOf({ id, fields }: StreamEntry): string {
  const key = fields.get("key");
  if (key === undefined) return `entry ${id}`;
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new BulkError(
    "ERR_REQUEST_INVALID",
    `key must be 1 to 255 visible ASCII characters; ${key.length} were sent`,
    { fields: { field: "key", length: key.length } },
  );
}

function invalid(message: string): BulkError {
  return new BulkError("ERR_REQUEST_INVALID", message, { fields: { field: "request" } });
}
