import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { listAll } from "./conformance/subject.ts";
import { type Answer, fail, startScriptedS3, storeOn } from "./scripted-s3.test-support.ts";

/** Answers with this status and bytes that never end; `sent` counts them. */
function endless(status: number): { readonly answer: Answer; readonly sent: () => number } {
  const chunk = Buffer.alloc(64 * 1024, "<a>");
  let sent = 0;
  function flow(response: ServerResponse): void {
    while (!response.destroyed) {
      sent += chunk.byteLength;
      if (!response.write(chunk)) return void response.once("drain", () => flow(response));
    }
  }
  return {
    sent: () => sent,
    answer(_, response) {
      response.writeHead(status, { "content-type": "application/xml" });
      flow(response);
    },
  };
}

const selection = { kind: "prefix", uri: "s3://bucket/in/" } as const;

describe("an answer that never ends", () => {
  test.each([
    [403, "ERR_SOURCE_FORBIDDEN", 1],
    [503, "ERR_SOURCE_UNREADABLE", 1],
    [200, "ERR_SOURCE_UNREADABLE", 16],
  ])("of status %i is cut off, and the call fails as %s", async (status, code, mebibytes) => {
    const { answer, sent } = endless(status);
    const server = await startScriptedS3([answer]);
    await expect(listAll(storeOn(server), selection)).rejects.toMatchObject({ code });
    // What was under way in the buffers of both sides comes on top.
    expect(sent()).toBeLessThan((mebibytes + 16) * 2 ** 20);
  });
});

test("an answer within the bounds is read as it is", async () => {
  const server = await startScriptedS3([fail(404, "NoSuchBucket")]);
  await expect(listAll(storeOn(server), selection)).rejects.toMatchObject({
    code: "ERR_SOURCE_NOT_FOUND",
    fields: { reason: "NoSuchBucket" },
  });
});

test("a redirect is not followed, not even to another port of the same host", async () => {
  const other = await startScriptedS3([fail(404, "NoSuchBucket")]);
  const location = { location: `${other.url}/bucket?list-type=2` };
  for (const [status, code] of [
    [307, "TemporaryRedirect"],
    [301, "PermanentRedirect"],
  ] as const) {
    const server = await startScriptedS3([fail(status, code, location)]);
    await expect(listAll(storeOn(server), selection)).rejects.toMatchObject({ code: "ERR_CONFIG" });
  }
  expect(other.connections()).toBe(0);
});
