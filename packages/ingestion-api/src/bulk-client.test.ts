import { once } from "node:events";
import { text } from "node:stream/consumers";
import { bytes, milliseconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { collect, startClient, target } from "./test-client.test-support.ts";
import { bodyOf, jobId, json, wireJob } from "./test-tenant.test-support.ts";

const jobsPath = "/api/v1/ingest/jobs";

describe("the bulk client sends", () => {
  it("a creation and reads the bulk job", async () => {
    const { client, tenant } = await startClient({
      ingest: (_, response) => json(response, 201, wireJob()),
    });
    expect(await client.createBulkJob({ ...target, operation: "delete" })).toEqual({
      id: jobId,
      sourceName: "shop",
      object: "orders",
      operation: "upsert",
      state: "Open",
      createdById: "005000000000001",
      createdAt: Date.UTC(2026, 6, 11, 2, 19, 54, 123),
      processingSeconds: 0,
    });
    expect(tenant.ingests[0]).toMatchObject({
      method: "POST",
      url: jobsPath,
      headers: { authorization: "Bearer cloud-token-1-canary", "content-type": "application/json" },
    });
    expect(JSON.parse(tenant.ingests[0]?.body ?? "")).toEqual({ ...target, operation: "delete" });
  });

  it.each([200, 201, 202, 204])(
    "an upload as text/csv, and takes %i for accepted",
    async (status) => {
      const { client, tenant } = await startClient({
        ingest: (_, response) => response.writeHead(status).end(),
      });
      await client.upload(jobId, bodyOf(["k\n", "1\n"]));
      expect(tenant.ingests[0]).toMatchObject({
        method: "PUT",
        url: `${jobsPath}/${jobId}/batches`,
        headers: { "content-type": "text/csv", "content-length": "4" },
        body: "k\n1\n",
      });
    },
  );

  it.each([
    ["close", "UploadComplete"],
    ["abort", "Aborted"],
  ] as const)("%s as a change of state", async (method, state) => {
    const job = wireJob({ state, contentUrl: null, retries: null, totalProcessingTime: null });
    const { client, tenant } = await startClient({
      ingest: (_, response) => json(response, 200, job),
    });
    expect(await client[method](jobId)).toMatchObject({ state, processingSeconds: undefined });
    expect(tenant.ingests[0]).toMatchObject({
      method: "PATCH",
      url: `${jobsPath}/${jobId}`,
      body: JSON.stringify({ state }),
    });
  });

  it("info and reads how long the bulk job took", async () => {
    const done = wireJob({ state: "JobComplete", totalProcessingTime: 197, createdDate: "odd" });
    const { client } = await startClient({ ingest: (_, response) => json(response, 200, done) });
    expect(await client.info(jobId)).toMatchObject({
      state: "JobComplete",
      processingSeconds: 197,
      createdAt: undefined,
    });
  });

  it("a list with its page, order and states", async () => {
    const { client, tenant } = await startClient({
      ingest: (_, response) => json(response, 200, { data: [wireJob()] }),
    });
    expect(await client.list()).toMatchObject([{ id: jobId }]);
    await client.list({
      states: ["Open", "InProgress"],
      limit: 100,
      offset: 40,
      orderBy: "createdDate",
    });
    expect(tenant.ingests.map(({ url }) => url)).toEqual([
      `${jobsPath}?limit=20&offset=0`,
      `${jobsPath}?limit=100&offset=40&orderBy=createdDate&states=Open,InProgress`,
    ]);
  });

  it.each([0, 101, 1.5])("no list with limit %d", async (limit) => {
    const { client, tenant } = await startClient();
    expect(() => client.list({ limit })).toThrow(RangeError);
    expect(tenant.ingests).toHaveLength(0);
  });

  it("as many overlapping list calls as it takes to see every bulk job once", async () => {
    const all = Array.from({ length: 250 }, (_, i) => wireJob({ id: `00000000-${i}` }));
    const { client, tenant } = await startClient({
      ingest: ({ url }, response) => {
        const query = new URL(url, "http://x").searchParams;
        const offset = Number(query.get("offset"));
        json(response, 200, { data: all.slice(offset, offset + Number(query.get("limit"))) });
      },
    });
    const found = await collect(client.listAll(["Open"]));
    expect(found.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
    expect(tenant.ingests[1]?.url).toContain("limit=100&offset=90&states=Open");
  });

  it("a removal", async () => {
    const { client, tenant } = await startClient({
      ingest: (_, response) => response.writeHead(204).end(),
    });
    await client.remove(jobId);
    expect(tenant.ingests[0]).toMatchObject({ method: "DELETE", url: `${jobsPath}/${jobId}` });
  });

  it.each(["", "..", "../../x", "a/b", `${jobId}/batches`, `${jobId}?x`, "x".repeat(65)])(
    "nothing for the bulk job id %j",
    async (id) => {
      const { client, tenant } = await startClient();
      await expect(client.info(id)).rejects.toThrow(RangeError);
      await expect(client.upload(id, bodyOf([]))).rejects.toThrow(RangeError);
      expect(tenant.ingests).toHaveLength(0);
    },
  );
});

describe("an upload", () => {
  it("over 150,000,000 bytes is refused before it is sent", async () => {
    const { client, tenant } = await startClient();
    const body = { ...bodyOf(["x"]), bytes: bytes(150_000_001) };
    await expect(client.upload(jobId, body)).rejects.toMatchObject({
      code: "ERR_API_TOO_LARGE",
      fields: { bulkJobId: jobId, bytes: 150_000_001, maxBytes: 150_000_000 },
    });
    expect(tenant.logins).toHaveLength(0);
  });

  it("whose early 401 was read opens its body again and sends it whole", async () => {
    let refused = 0;
    const { client, tenant } = await startClient({
      early(request, response) {
        if (request.method !== "PUT" || refused > 0) return false;
        refused += 1;
        response.writeHead(401).end();
        return true;
      },
      ingest: (_, response) => response.writeHead(202).end(),
    });
    const body = bodyOf(Array.from({ length: 40 }, () => "x".repeat(100_000)));
    await client.upload(jobId, body);
    expect(body.opened()).toBe(2);
    expect(tenant.ingests[0]?.body).toHaveLength(4_000_000);
  });

  it("answered with success before its end is unexpected", async () => {
    const { client } = await startClient({
      early(request, response) {
        if (request.method !== "PUT") return false;
        response.writeHead(202).end();
        return true;
      },
    });
    const body = bodyOf(Array.from({ length: 400 }, () => "x".repeat(100_000)));
    await expect(client.upload(jobId, body)).rejects.toMatchObject({ code: "ERR_API_UNEXPECTED" });
  });

  it("whose success was read counts though the connection broke then", async () => {
    const { client } = await startClient({
      ingest: (_, response) => {
        response.writeHead(202, { "content-length": "100" });
        response.write("{", () => response.destroy());
      },
    });
    expect(await client.upload(jobId, bodyOf(["k\n"]))).toBeUndefined();
  });

  it("that is reset half way has an unknown outcome with the bulk job's id", async () => {
    const { client } = await startClient({
      early(request) {
        if (request.method !== "PUT") return false;
        once(request, "data").then(() => request.socket.resetAndDestroy());
        return true;
      },
    });
    const body = bodyOf(Array.from({ length: 400 }, () => "x".repeat(100_000)));
    await expect(client.upload(jobId, body)).rejects.toMatchObject({
      code: "ERR_API_UNKNOWN_OUTCOME",
      fields: { operation: "upload", bulkJobId: jobId },
    });
  });

  it("fails with its body's own error", async () => {
    const arrived: boolean[] = [];
    const { client } = await startClient({
      early(request) {
        if (request.method !== "PUT") return false;
        text(request).then(
          () => arrived.push(true),
          () => arrived.push(false),
        );
        return true;
      },
    });
    await expect(client.upload(jobId, bodyOf(["k\n"], 3))).rejects.toMatchObject({
      code: "ERR_SOURCE_TRUNCATED",
    });
    expect(arrived).not.toContain(true);
  });

  it("needs a token that outlives its deadline by two minutes", async () => {
    const { client, tenant, timing } = await startClient({
      ingest: (_, response) => response.writeHead(202).end(),
    });
    const body = bodyOf(["x"]);
    await client.upload(jobId, body);
    // The deadline of one byte is a minute and a moment.
    timing.pass(milliseconds((7191 - 181) * 1000));
    await client.upload(jobId, body);
    expect(tenant.exchanges).toHaveLength(1);
    timing.pass(milliseconds(1000));
    await client.upload(jobId, body);
    expect(tenant.exchanges).toHaveLength(2);
  });
});

describe("a creation", () => {
  it("answered with another contract may have happened, and says so", async () => {
    const { client } = await startClient({
      ingest: (_, response) => json(response, 201, wireJob({ state: "New" })),
    });
    await expect(client.createBulkJob({ ...target, operation: "upsert" })).rejects.toMatchObject({
      code: "ERR_API_UNEXPECTED",
      fields: { operation: "create-bulk-job", status: 201 },
    });
  });

  it("whose answer is cut has an unknown outcome", async () => {
    const { client } = await startClient({
      ingest: (_, response) => {
        response.writeHead(201, { "content-length": "500" });
        response.write("{", () => response.destroy());
      },
    });
    await expect(client.createBulkJob({ ...target, operation: "upsert" })).rejects.toMatchObject({
      code: "ERR_API_UNKNOWN_OUTCOME",
      fields: { status: 201 },
    });
  });
});

describe("info", () => {
  it("answered with another bulk job is unexpected", async () => {
    const other = wireJob({ id: "11111111-1111-4111-8111-111111111111" });
    const { client } = await startClient({ ingest: (_, response) => json(response, 200, other) });
    await expect(client.info(jobId)).rejects.toMatchObject({ code: "ERR_API_UNEXPECTED" });
  });

  it("is repeated after a cut answer", async () => {
    let calls = 0;
    const { client } = await startClient({
      ingest: (_, response) => {
        calls += 1;
        if (calls > 1) return json(response, 200, wireJob());
        response.writeHead(200, { "content-length": "500" });
        return response.write("{", () => response.destroy());
      },
    });
    expect(await client.info(jobId)).toMatchObject({ id: jobId });
  });
});
