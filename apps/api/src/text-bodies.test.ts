import { expect, it } from "vitest";
import { createTestApi, loadBody } from "./api.test-support.ts";

const json = JSON.stringify(loadBody);

async function send(payload: string | Buffer, headers: Record<string, string>, url = "/v1/loads") {
  return await createTestApi().call({ method: "POST", url, payload, headers });
}

it.each<[Record<string, string>]>([
  [{ "content-type": "application/json" }],
  [{ "content-type": 'application/json; charset="UTF-8"' }],
  [{ "content-type": "application/json;charset=utf8", "content-encoding": "identity" }],
])("a body with %j is taken", async (headers) => {
  expect((await send(json, headers)).statusCode).toBe(202);
});

it.each<[Record<string, string>, string]>([
  [
    { "content-type": "application/json; charset=utf-16" },
    "the charset is utf-16; it must be utf-8",
  ],
  [
    { "content-type": "application/json;charset=latin1" },
    "the charset is latin1; it must be utf-8",
  ],
  [
    { "content-type": "application/json", "content-encoding": "gzip" },
    "content-encoding is gzip; send the body plain",
  ],
  [
    { "content-type": "text/plain" },
    "content-type is text/plain; this resource takes application/json",
  ],
  [{}, "there is no content-type; this resource takes application/json"],
])("a body with %j is answered 415, saying why", async (headers, detail) => {
  const answer = await send(Buffer.from(json), headers);
  expect(answer.statusCode).toBe(415);
  expect(answer.json()).toMatchObject({ code: "media_type", detail });
});

it.each([
  ["/v1/loads", "application/json"],
  ["/v1/loads/batch", "application/x-ndjson"],
])("bytes that are not UTF-8 are answered 400 by %s", async (url, type) => {
  const headers = { "content-type": type, "idempotency-key": "k" };
  const payload = Buffer.concat([
    Buffer.from(json.slice(0, -4)),
    Buffer.from([0xff, 0x22, 0x7d, 0x7d]),
  ]);
  const answer = await send(payload, headers, url);
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ code: "body_malformed", detail: "the body is not UTF-8" });
});

it("a body over the limit is answered 413 with its length and the length allowed", async () => {
  const answer = await send(" ".repeat(262_145), { "content-type": "application/json" });
  expect(answer.json()).toMatchObject({
    code: "body_too_large",
    detail: "the body has 262145 bytes; this resource takes 262144",
  });
});
