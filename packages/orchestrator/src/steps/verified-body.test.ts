import { createHash } from "node:crypto";
import { bytes } from "@headgate/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type VerifiedBody, verifiedBody } from "./verified-body.ts";

const signal = new AbortController().signal;
const text = 'id,note\n1,"two\nlines"\n2,b\n';

/** A body planned as `text` with three records, header counted, whose source now gives `chunks`. */
function bodyOf(chunks: readonly string[]): VerifiedBody {
  const body = {
    bytes: bytes(text.length),
    async *open() {
      for (const chunk of chunks) yield Buffer.from(chunk);
    },
  };
  return verifiedBody(body, { name: "part 0 of load l", records: 3 });
}

/** What a PUT would have sent before the body ended or failed. */
async function send(body: VerifiedBody): Promise<{ sent: string; error: unknown }> {
  let sent = "";
  try {
    for await (const chunk of body.open(signal)) sent += Buffer.from(chunk).toString();
    return { sent, error: undefined };
  } catch (error) {
    return { sent, error };
  }
}

it("passes the planned bytes on whole, however they are cut, and knows their hash", async () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const edges = [0, ...places.toSorted((a, b) => a - b), text.length];
      const body = bodyOf(edges.slice(1).map((edge, i) => text.slice(edges[i], edge)));
      expect(await send(body)).toEqual({ sent: text, error: undefined });
      expect(body.sha256()).toBe(createHash("sha256").update(text).digest("hex"));
    }),
    { numRuns: 50 },
  );
});

it("knows from when on its last chunk is out of its hands", async () => {
  const body = bodyOf(["id,note\n", '1,"two\nlines"\n', "2,b\n"]);
  const known: boolean[] = [];
  for (let opening = 0; opening < 2; opening++)
    for await (const _ of body.open(signal)) known.push(body.handedOver());
  expect(known).toEqual([false, false, true, false, false, true]);
});

it("can be opened again, as a retry does", async () => {
  const body = bodyOf([text]);
  expect((await send(body)).sent).toBe(text);
  expect((await send(body)).sent).toBe(text);
});

describe("a source that is not what was planned never ends a PUT as if it were whole", () => {
  it.each([
    ["is short of a record", ["id,note\n", '1,"two\nlines"\n']],
    ["has grown by a record", [text, "3,c\n"]],
    ["has as many bytes in other records", ['id,note\n1,"twollines"\n', "2\nb\n"]],
    ["has other bytes in as many records", ['id,note\n1,"two\nline"\n', "2,b\n"]],
    ["is empty", []],
  ])("because it %s", async (_, chunks) => {
    const { sent, error } = await send(bodyOf(chunks));
    expect(error).toMatchObject({
      code: "ERR_SOURCE_CHANGED",
      fields: { part: "part 0 of load l", recordsPlanned: 3 },
    });
    expect(sent.length).toBeLessThan(Math.max(chunks.join("").length, 1));
  });

  it("because a quote in it never closes", async () => {
    const { sent, error } = await send(bodyOf(["id,note\n", '1,"two\nlines\n2,b\n']));
    expect(error).toMatchObject({ code: "ERR_CSV_UNCLOSED_QUOTE" });
    expect(sent).toBe("id,note\n");
  });
});
