/** The calls of the API, by the names that faults and the request log use. */
export const callKinds = [
  "login",
  "exchange",
  "create",
  "upload",
  "close",
  "abort",
  "info",
  "list",
  "delete",
  "stream-upsert",
  "stream-delete",
  "stream-test",
] as const;
export type CallKind = (typeof callKinds)[number];
