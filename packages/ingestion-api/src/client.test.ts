import { inspect } from "node:util";
import { isBulkError, milliseconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import type { IngestionClient } from "./client.ts";
import { collect, startClient, target } from "./test-client.test-support.ts";
import {
  bodyOf,
  jobId,
  json,
  startTenant,
  type TenantOptions,
  wireJob,
} from "./test-tenant.test-support.ts";

const jobsPath = "/api/v1/ingest/jobs";

/** Every method, called so that it would succeed. */
const methods: readonly (readonly [
  string,
  (client: IngestionClient, signal?: AbortSignal) => Promise<unknown>,
])[] = [
  ["createBulkJob", (c, signal) => c.createBulkJob({ ...target, operation: "upsert" }, { signal })],
  ["upload", (c, signal) => c.upload(jobId, bodyOf(["k\n", "cell-canary\n"]), { signal })],
  ["close", (c, signal) => c.close(jobId, { signal })],
  ["abort", (c, signal) => c.abort(jobId, { signal })],
  ["info", (c, signal) => c.info(jobId, { signal })],
  ["list", (c, signal) => c.list({}, { signal })],
  ["listAll", async (c, signal) => await collect(c.listAll(["Open"], { signal }))],
  ["remove", (c, signal) => c.remove(jobId, { signal })],
  ["streamUpsert", (c, signal) => c.streamUpsert(target, [{ k: "cell-canary" }], { signal })],
  ["streamDelete", (c, signal) => c.streamDelete(target, ["cell-canary"], { signal })],
  ["validate", (c, signal) => c.validate(target, [{ k: "cell-canary" }], { signal })],
];
const withoutEffects = ["info", "list", "listAll", "validate"];

describe("every method", () => {
  it.each(methods)("%s is replayed once with a fresh token after a 401", async (name, call) => {
    const { client, tenant } = await startClient({
      ingest: ({ headers, url }, response) => {
        if (headers.authorization !== "Bearer cloud-token-2-canary") return json(response, 401, {});
        return answerWell(name, url, response);
      },
    });
    await call(client);
    expect(tenant.ingests).toHaveLength(2);
    expect(tenant.ingests[1]?.body).toBe(tenant.ingests[0]?.body);
    expect(tenant.exchanges).toHaveLength(2);
  });

  it.each(methods)("%s fails after the second 401", async (_, call) => {
    const { client, tenant } = await startClient({
      ingest: (_seen, response) => json(response, 401, {}),
    });
    await expect(call(client)).rejects.toMatchObject({ code: "ERR_API_UNAUTHORIZED" });
    expect(tenant.ingests).toHaveLength(2);
    expect(tenant.exchanges).toHaveLength(2);
  });

  it.each(methods)("%s is repeated after a 500 only if it has no effects", async (name, call) => {
    const { client, tenant } = await startClient({
      ingest: (_, response) => json(response, 500, {}),
    });
    const repeated = withoutEffects.includes(name);
    await expect(call(client)).rejects.toMatchObject({
      code: repeated ? "ERR_API_SERVER" : "ERR_API_UNKNOWN_OUTCOME",
      fields: { status: 500 },
    });
    expect(tenant.ingests).toHaveLength(repeated ? 4 : 1);
  });

  it.each(methods)("%s is repeated after a reset only if it has no effects", async (name, call) => {
    const { client, tenant } = await startClient({
      ingest: (_, response) => response.socket?.resetAndDestroy(),
    });
    await expect(call(client)).rejects.toMatchObject({ code: "ERR_API_UNKNOWN_OUTCOME" });
    expect(tenant.ingests).toHaveLength(withoutEffects.includes(name) ? 4 : 1);
  });

  it.each(methods)("%s is not repeated after a 429, and says how long to wait", async (_, call) => {
    const { client, tenant } = await startClient({
      ingest: (_seen, response) => json(response, 429, {}, { "retry-after": "120" }),
    });
    await expect(call(client)).rejects.toMatchObject({
      code: "ERR_API_THROTTLED",
      fields: { status: 429, retryAfterMs: 120_000 },
    });
    expect(tenant.ingests).toHaveLength(1);
  });

  it.each(methods)("%s follows no redirect", async (_, call) => {
    const elsewhere = await startTenant();
    const { client } = await startClient({
      ingest: ({ url }, response) =>
        response.writeHead(307, { location: elsewhere.origin + url }).end(),
    });
    await expect(call(client)).rejects.toMatchObject({
      code: "ERR_API_UNEXPECTED",
      fields: { status: 307 },
    });
    expect(elsewhere.ingests).toHaveLength(0);
  });

  it.each(methods)("%s gives up an answer that does not come", async (_, call) => {
    const { client } = await startClient(
      { ingest: () => {} },
      {
        callMs: milliseconds(300),
        uploadGraceMs: milliseconds(300),
      },
    );
    await expect(call(client)).rejects.toMatchObject({ code: "ERR_API_UNKNOWN_OUTCOME" });
  });

  it.each(methods)("%s stops with the reason of an aborted signal", async (_, call) => {
    const reason = new Error("stop");
    const control = new AbortController();
    const { client } = await startClient({ ingest: () => control.abort(reason) });
    await expect(call(client, control.signal)).rejects.toBe(reason);
  });

  it.each(methods.filter(([name]) => !["upload", "remove", "validate"].includes(name)))(
    "%s takes success in HTML or without a body for unexpected",
    async (_, call) => {
      for (const body of ["<html>canary</html>", ""]) {
        const { client } = await startClient({
          ingest: ({ method, url }, response) =>
            response
              .writeHead(method === "GET" || method === "PATCH" || url === jobsPath ? 200 : 202)
              .end(body),
        });
        await expect(call(client)).rejects.toMatchObject({ code: "ERR_API_UNEXPECTED" });
      }
    },
  );

  it.each(methods)("%s shows neither token, key nor cell values in its errors", async (_, call) => {
    const answers: NonNullable<TenantOptions["ingest"]>[] = [
      ({ headers, body }, response) =>
        json(response, 400, { message: "bad", path: headers.authorization, details: { body } }),
      ({ headers }, response) => response.writeHead(200).end(`<p>${headers.authorization}`),
      ({ headers }, response) => json(response, 500, { error: headers.authorization }),
      (_seen, response) => response.socket?.resetAndDestroy(),
    ];
    for (const ingest of answers) {
      const { client } = await startClient({ ingest });
      const error = await call(client).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) continue;
      expect(isBulkError(error)).toBe(true);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary|PRIVATE KEY/);
    }
  });
});

describe("the server's clock", () => {
  it("is known within a second after the first answer", async () => {
    const { client, timing } = await startClient({
      ingest: (_, response) => {
        const date = new Date(timing.now() + 90_000).toUTCString();
        json(response, 200, wireJob(), { date });
      },
    });
    expect(client.serverClockOffsetMs()).toBeUndefined();
    await client.info(jobId);
    expect(Math.abs((client.serverClockOffsetMs() ?? 0) - 90_000)).toBeLessThanOrEqual(500);
  });
});

function answerWell(name: string, url: string, response: Parameters<typeof json>[0]): void {
  if (name.startsWith("list")) json(response, 200, { data: [] });
  else if (name === "upload" || url.includes("/sources/")) json(response, 202, { accepted: true });
  else json(response, name === "remove" ? 204 : 200, wireJob());
}
