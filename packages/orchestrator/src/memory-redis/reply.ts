/** What commands answer, before a client or a script gets it. */

/** `status` is a simple string such as OK; a failed command inside of EXEC answers its error. */
export type Reply =
  | null
  | number
  | string
  | { readonly status: string }
  | ReplyError
  | readonly Reply[];

export const ok: Reply = { status: "OK" };

/** An error that Redis answers. Its name is the one that ioredis gives to such errors. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
}

export function wrongType(): ReplyError {
  return new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");
}

/** What the real Redis may know and this one does not: a defect of the caller or a gap here, never an outage. */
export function unknownHere(what: string): ReplyError {
  return new ReplyError(`ERR the Redis in memory does not know ${what}`);
}
