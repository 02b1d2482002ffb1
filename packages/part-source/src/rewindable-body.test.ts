import { type BodyPiece, bytes, type SourceObject } from "@headgate/core";
import { expect, test } from "vitest";
import { collect, never, rangeOf } from "./conformance/subject.ts";
import { openBody } from "./rewindable-body.ts";
import type { SourceStore } from "./source-store.ts";

const object: SourceObject = { uri: "s3://bucket/a", bytes: bytes(100), pin: "pin" };
const pieces: readonly BodyPiece[] = [
  { kind: "literal", text: "h\n" },
  { kind: "range", object, range: rangeOf(10, 20) },
];

/** A source that gives what it likes. */
const giving = (...chunks: readonly string[]): Pick<SourceStore, "read"> => ({
  async *read() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  },
});

test("never ends as whole when the source gives too little", async () => {
  const body = openBody(pieces, giving("12345", "6789"));
  await expect(collect(body.open(never()))).rejects.toMatchObject({
    code: "ERR_SOURCE_TRUNCATED",
    fields: { uri: object.uri, bytesSeen: 9, bytesAsked: 10 },
  });
});

test("passes on no byte more than its length when the source gives too much", async () => {
  const body = openBody(pieces, giving("123456789", "01"));
  let seen = 0;
  async function read(): Promise<void> {
    for await (const chunk of body.open(never())) seen += chunk.byteLength;
  }
  await expect(read()).rejects.toMatchObject({ code: "ERR_SOURCE_CHANGED" });
  expect(seen).toBeLessThanOrEqual(body.bytes);
});

test("reads nothing until it is opened, and nothing for a signal that has fired", async () => {
  let reads = 0;
  const body = openBody(pieces, {
    async *read(_object, _range, { signal }) {
      reads += 1;
      signal.throwIfAborted();
      yield Buffer.from("1234567890");
    },
  });
  expect({ length: body.bytes, reads }).toEqual({ length: 12, reads: 0 });
  const reason = new Error("stopped");
  await expect(collect(body.open(AbortSignal.abort(reason)))).rejects.toBe(reason);
});

test("an empty list of pieces is an empty body", async () => {
  const body = openBody([], giving());
  expect(body.bytes).toBe(0);
  expect(await collect(body.open(never()))).toEqual([]);
});
