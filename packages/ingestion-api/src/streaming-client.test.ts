import { describe, expect, it } from "vitest";
import { startClient, target } from "./test-client.test-support.ts";
import { json } from "./test-tenant.test-support.ts";

describe("the streaming client sends", () => {
  it("streaming calls to the object's own path", async () => {
    const { client, tenant } = await startClient({
      ingest: ({ url }, response) =>
        url.endsWith("/test")
          ? response.writeHead(200).end()
          : json(response, 202, { accepted: true }),
    });
    await client.streamUpsert(target, [{ id: 1 }]);
    await client.streamDelete(target, ["a,b"]);
    expect(await client.validate(target, [{ id: 1 }])).toEqual({ kind: "valid" });
    expect(tenant.ingests.map(({ method, url, body }) => [method, url, body])).toEqual([
      ["POST", "/api/v1/ingest/sources/shop/orders", '{"data":[{"id":1}]}'],
      ["DELETE", "/api/v1/ingest/sources/shop/orders", '{"ids":["a,b"]}'],
      ["POST", "/api/v1/ingest/sources/shop/orders/actions/test", '{"data":[{"id":1}]}'],
    ]);
  });

  it("a validation and reads its report", async () => {
    const validationReport = [{ record: "{}", causingExceptions: ["#/id: expected type: Number"] }];
    const { client } = await startClient({
      ingest: (_, response) =>
        json(response, 400, { message: "no", details: { validationReport } }),
    });
    expect(await client.validate(target, [{}])).toEqual({
      kind: "invalid",
      faults: [{ record: "{}", causes: ["#/id: expected type: Number"] }],
    });
  });

  it("a validation and fails where the API refuses it without a report", async () => {
    const { client } = await startClient({
      ingest: (_, response) => response.writeHead(400).end(),
    });
    await expect(client.validate(target, [{}])).rejects.toMatchObject({
      code: "ERR_API_BAD_REQUEST",
    });
  });

  it("nothing for names that no connector or object can have", async () => {
    const { client, tenant } = await startClient();
    const odd = { sourceName: "..", object: "orders/actions" };
    await expect(client.streamUpsert(odd, [{}])).rejects.toThrow(RangeError);
    expect(tenant.ingests).toHaveLength(0);
  });
});

describe("the streaming client refuses before it sends", () => {
  it("a streaming body over 200,000 bytes", async () => {
    const { client } = await startClient({
      ingest: (_, response) => json(response, 202, { accepted: true }),
    });
    const bodyBytes = (count: number) => [{ k: "x".repeat(count - '{"data":[{"k":""}]}'.length) }];
    await client.streamUpsert(target, bodyBytes(200_000));
    await expect(client.streamUpsert(target, bodyBytes(200_001))).rejects.toMatchObject({
      code: "ERR_API_TOO_LARGE",
      fields: { bytes: 200_001, max: 200_000 },
    });
  });

  it("a streaming delete of more than 200 keys", async () => {
    const { client } = await startClient({
      ingest: (_, response) => json(response, 202, { accepted: true }),
    });
    const keys = Array.from({ length: 201 }, (_, i) => `k${i}`);
    await client.streamDelete(target, keys.slice(1));
    await expect(client.streamDelete(target, keys)).rejects.toMatchObject({
      code: "ERR_API_TOO_LARGE",
      fields: { keys: 201, max: 200 },
    });
  });
});
