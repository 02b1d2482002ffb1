import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeAwsChunked } from "./aws-chunked.ts";

async function decode(
  pieces: readonly Buffer[],
): Promise<{ content: string; trailers: Map<string, string> }> {
  const trailers = new Map<string, string>();
  async function* body() {
    yield* pieces;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of decodeAwsChunked(body(), trailers)) chunks.push(chunk);
  return { content: Buffer.concat(chunks).toString("latin1"), trailers };
}

const framed =
  "3;chunk-signature=x\r\na\r\n\r\nA\r\n0123456789\r\n0\r\nx-amz-checksum-crc32:AAAA==\r\nX-Two: 2\r\n\r\n";

test("gives the data and the trailers wherever the network cuts the body", async () => {
  const cuts = fc.array(fc.nat({ max: framed.length }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const ends = [...places, framed.length].toSorted((a, b) => a - b);
      const pieces = ends.map((end, index) =>
        Buffer.from(framed.slice(ends[index - 1] ?? 0, end), "latin1"),
      );
      const { content, trailers } = await decode(pieces);
      expect(content).toBe("a\r\n0123456789");
      expect([...trailers]).toEqual([
        ["x-amz-checksum-crc32", "AAAA=="],
        ["x-two", "2"],
      ]);
    }),
  );
});

test("every early end is an error", async () => {
  for (let length = 0; length < framed.length; length += 1) {
    await expect(decode([Buffer.from(framed.slice(0, length), "latin1")])).rejects.toMatchObject({
      code: "IncompleteBody",
    });
  }
});

test.each([
  "x\r\n",
  "3\r\nabcd\r\n0\r\n\r\n",
  "-1\r\n",
  "0\r\nno colon\r\n\r\n",
  "1".repeat(9_000),
])("broken framing is an error: %.20s", async (text) => {
  await expect(decode([Buffer.from(text)])).rejects.toMatchObject({ code: "IncompleteBody" });
});
