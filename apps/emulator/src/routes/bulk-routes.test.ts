import { createHash } from "node:crypto";
import { milliseconds, seconds } from "@headgate/core";
import { bulkJobListWire, bulkJobWire } from "@headgate/ingestion-api/contract";
import { describe, expect, it } from "vitest";
import { json, startCaller } from "../emulator.test-support.ts";
import { HashSum, hashRecord } from "../state/record-hash.ts";

const contacts = 'id,name,note\r\n1,Ann,\r\n2,Bob,"two\nlines, ""quoted"""\r\n';
const unknownId = "00000000-0000-4000-8000-000000000000";

describe("a bulk job", () => {
  it("goes from Open by UploadComplete and InProgress to JobComplete by the clock", async () => {
    const { emulator, open, upload, patch, state } = await startCaller();
    const id = await open();
    expect(await state(id)).toBe("Open");
    expect(await upload(id, contacts)).toMatchObject({ status: 202, body: { accepted: true } });
    expect(await patch(id, "UploadComplete")).toMatchObject({ status: 200 });
    expect(await state(id)).toBe("UploadComplete");
    emulator.clock.advance(seconds(90));
    expect(await state(id)).toBe("InProgress");
    emulator.clock.advance(seconds(89));
    expect(await state(id)).toBe("InProgress");
    emulator.clock.advance(seconds(1));
    expect(await state(id)).toBe("JobComplete");
  });

  it("applies its files only when it is complete, in the order of upload", async () => {
    const { emulator, open, upload, patch } = await startCaller();
    const id = await open();
    await upload(id, "id,name,note\n1,Ann,old\n2,Bob,\n");
    await upload(id, "id,name,note\n1,Ann,new\n2,Bob,\n");
    await patch(id, "UploadComplete");
    expect((await emulator.control.state()).objects).toEqual([]);
    emulator.clock.advance(seconds(180));
    const { objects } = await emulator.control.state();
    expect(objects).toEqual([
      {
        sourceName: "crm",
        object: "Contact",
        rowsReceived: 4,
        hash: hashOf(["1", "Ann", "old"], ["2", "Bob", ""], ["1", "Ann", "new"], ["2", "Bob", ""]),
        rowsDeleted: 0,
        deletedHash: "0000000000000000",
        rowsStreamed: 0,
        rowsStreamedDropped: 0,
        rowsReceivedTwice: 1,
        rowsReplaced: 1,
        keysHeld: 2,
        heldHash: hashOf(["1", "Ann", "new"], ["2", "Bob", ""]),
      },
    ]);
  });

  it("removes keys where its operation is delete", async () => {
    const { emulator, open, upload, patch } = await startCaller();
    const first = await open();
    await upload(first, contacts);
    await patch(first, "UploadComplete");
    emulator.clock.advance(seconds(180));
    const second = await open("Contact", "delete");
    expect(await upload(second, '"1","2026-01-02T03:04:05.678Z"\n')).toMatchObject({ status: 202 });
    await patch(second, "UploadComplete");
    emulator.clock.advance(seconds(180));
    const [contact] = (await emulator.control.state()).objects;
    expect(contact).toMatchObject({
      rowsDeleted: 1,
      deletedHash: hashOf(["1", "2026-01-02T03:04:05.678Z"]),
      keysHeld: 1,
      heldHash: hashOf(["2", "Bob", 'two\nlines, "quoted"']),
    });
  });

  it("uses the key that x-primary-key names, else the first field", async () => {
    const { emulator, open, upload, patch } = await startCaller();
    const id = await open("Order");
    const rows = "placedAt,number,paid\n2026-01-01T00:00:00Z,7,true\n2026-01-02T00:00:00Z,7,true\n";
    await upload(id, rows);
    await patch(id, "UploadComplete");
    emulator.clock.advance(seconds(180));
    const [order] = (await emulator.control.state()).objects;
    expect(order).toMatchObject({ rowsReceived: 2, rowsReplaced: 1, keysHeld: 1 });
  });

  it("keeps counts and hashes but no keys where keepKeys is off", async () => {
    const { emulator, open, upload, patch } = await startCaller({ settings: { keepKeys: false } });
    const id = await open();
    await upload(id, "id,name,note\n1,Ann,\n1,Ann,\n");
    await patch(id, "UploadComplete");
    emulator.clock.advance(seconds(180));
    const [contact] = (await emulator.control.state()).objects;
    expect(contact).toMatchObject({
      rowsReceived: 2,
      hash: hashOf(["1", "Ann", ""], ["1", "Ann", ""]),
      keysHeld: null,
      heldHash: null,
      rowsReceivedTwice: null,
    });
  });

  it("tells every applied row in order where keepApplied is on", async () => {
    const { emulator, call, open, upload, patch } = await startCaller({
      settings: { keepApplied: true },
    });
    const bulkJob = async (operation: string, ...files: readonly string[]) => {
      const id = await open("Contact", operation);
      for (const file of files) await upload(id, file);
      await patch(id, "UploadComplete");
      emulator.clock.advance(seconds(180));
    };
    expect((await call("GET", "/__emulator/applied/crm/Contact")).status).toBe(404);
    await bulkJob("upsert", "id,name,note\n1,Ann,\n", "id,name,note\n1,Bo,\n1,Ann,\n");
    await bulkJob("delete", "1\n");
    const answer = await fetch(`${emulator.url}/__emulator/applied/crm/Contact`);
    const [ann, bo] = [hashOf(["1", "Ann", ""]), hashOf(["1", "Bo", ""])];
    const key = createHash("sha256").update("1").digest("hex").slice(0, 16);
    expect((await answer.text()).split("\n")).toEqual([
      `u ${key} ${ann}`,
      `u ${key} ${bo}`,
      `u ${key} ${ann}`,
      `d ${key} ${hashOf(["1"])}`,
      "",
    ]);
  });

  it("discards its files when it is aborted", async () => {
    const { emulator, open, upload, patch, state } = await startCaller();
    const id = await open();
    await upload(id, contacts);
    expect(await patch(id, "Aborted")).toMatchObject({ status: 200, body: { state: "Aborted" } });
    emulator.clock.advance(seconds(1000));
    expect(await state(id)).toBe("Aborted");
    expect((await emulator.control.state()).objects).toEqual([]);
  });

  it.each(["Open", "UploadComplete"])("vanishes after 7 days in %s", async (name) => {
    const processingMs = seconds(30 * 24 * 3600);
    const { emulator, open, patch } = await startCaller({ settings: { processingMs } });
    const id = await open();
    if (name === "UploadComplete") await patch(id, name);
    // The token expires before the week is over, so the state report is asked.
    emulator.clock.advance(seconds(7 * 24 * 3600));
    expect((await emulator.control.state()).bulkJobs).toMatchObject([{ id, state: name }]);
    emulator.clock.advance(milliseconds(1));
    expect((await emulator.control.state()).bulkJobs).toEqual([]);
  });

  it("shows the fields and nulls of a live org", async () => {
    const { emulator, call, create, patch } = await startCaller();
    const created = await create();
    const id = String(created.body.id);
    const createdDate = new Date(emulator.clock.now()).toISOString().replace("Z", "000Z");
    const common = {
      id,
      object: "Contact",
      sourceName: "crm",
      operation: "upsert",
      contentType: "CSV",
      apiVersion: "v1",
      createdById: expect.stringMatching(/^005/),
      createdDate,
    };
    const contentUrl = `/api/v1/ingest/jobs/${id}/batches`;
    expect(created.status).toBe(201);
    expect(bulkJobWire.parse(created.body)).toEqual({
      ...common,
      state: "Open",
      systemModstamp: "",
      contentUrl,
    });
    expect((await patch(id, "UploadComplete")).body).toEqual({
      ...common,
      state: "UploadComplete",
      systemModstamp: "",
      contentUrl: null,
      retries: null,
      totalProcessingTime: null,
    });
    const running = { ...common, contentUrl, retries: 0, totalProcessingTime: 0 };
    expect((await call("GET", `/api/v1/ingest/jobs/${id}`)).body).toEqual({
      ...running,
      state: "UploadComplete",
      systemModstamp: "",
    });
    emulator.clock.advance(seconds(200.5));
    expect((await call("GET", `/api/v1/ingest/jobs/${id}`)).body).toEqual({
      ...running,
      state: "JobComplete",
      systemModstamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      totalProcessingTime: 180,
    });
  });
});

describe("an illegal change", () => {
  it("is refused with 409 from each state that does not allow it", async () => {
    const { emulator, call, open, patch, upload } = await startCaller();
    const path = "/api/v1/ingest/jobs";
    const id = await open();
    expect((await call("DELETE", `${path}/${id}`)).status).toBe(409);
    await patch(id, "UploadComplete");
    expect((await upload(id, contacts)).status).toBe(409);
    expect((await patch(id, "UploadComplete")).status).toBe(409);
    emulator.clock.advance(seconds(90));
    expect((await patch(id, "Aborted")).status).toBe(409);
    expect((await call("DELETE", `${path}/${id}`)).status).toBe(409);
    emulator.clock.advance(seconds(90));
    expect((await patch(id, "Aborted")).status).toBe(409);
    expect((await call("DELETE", `${path}/${id}`)).status).toBe(204);
    expect((await call("GET", `${path}/${id}`)).status).toBe(404);
  });

  it("refuses the abort of UploadComplete only where the setting says so", async () => {
    const strict = await startCaller({ settings: { abortUploadComplete: false } });
    const id = await strict.open();
    await strict.patch(id, "UploadComplete");
    expect((await strict.patch(id, "Aborted")).status).toBe(409);
    const mild = await startCaller();
    const other = await mild.open();
    await mild.patch(other, "UploadComplete");
    expect((await mild.patch(other, "Aborted")).status).toBe(200);
  });

  it("is refused with 400 for an unknown state or operation, naming the field", async () => {
    const { open, patch, create } = await startCaller();
    const id = await open();
    expect(await patch(id, "JobComplete")).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("state") },
    });
    expect(await create("Order", "insert")).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("operation") },
    });
  });
});

describe("an unknown thing", () => {
  it("is answered with 404 in the recorded error body", async () => {
    const { emulator, call, create, upload } = await startCaller();
    const path = `/api/v1/ingest/jobs/${unknownId}`;
    expect((await call("GET", path)).body).toEqual({
      timestamp: new Date(emulator.clock.now()).toISOString().replace("Z", "000000Z"),
      error: "404 NOT FOUND",
      message: expect.any(String),
      path: `uri=${path}`,
      tenantId: "a360/emulator",
      internalErrorCode: "COMMON_ERROR_GENERIC",
      details: {},
    });
    expect((await upload(unknownId, contacts)).status).toBe(404);
    expect((await create("Nothing")).status).toBe(404);
    expect((await call("GET", "/api/v1/ingest/elsewhere")).status).toBe(404);
  });

  it("stays unknown while a new schema warms up", async () => {
    const { emulator, create } = await startCaller({ settings: { schemaWarmUpMs: 15_000 } });
    expect((await create()).status).toBe(404);
    emulator.clock.advance(seconds(15));
    expect((await create()).status).toBe(201);
  });
});

describe("the list", () => {
  it("gives pages in the order of modification, filtered by states", async () => {
    const { emulator, call, open, patch } = await startCaller();
    const list = async (query: string): Promise<readonly string[]> => {
      const { body } = await call("GET", `/api/v1/ingest/jobs${query}`);
      return bulkJobListWire.parse(body).data.map(({ object }) => object);
    };
    const a = await open("A");
    emulator.clock.advance(seconds(1));
    const b = await open("B");
    await open("C");
    emulator.clock.advance(seconds(1));
    await patch(a, "Aborted");
    await patch(b, "UploadComplete");
    expect(await list("")).toEqual(["C", "A", "B"]);
    expect(await list("/")).toEqual(["C", "A", "B"]);
    expect(await list("?orderBy=createdDate")).toEqual(["A", "B", "C"]);
    expect(await list("?orderby=&states=Open,Aborted")).toEqual(["C", "A"]);
    expect(await list("?state=UploadComplete")).toEqual(["B"]);
    expect(await list("?limit=1&offset=1")).toEqual(["A"]);
    expect(await list("?offset=3")).toEqual([]);
    emulator.control.changeSettings({ listDirection: "descending" });
    expect(await list("")).toEqual(["B", "A", "C"]);
  });

  it("has 20 items a page by default and refuses more than 100", async () => {
    const settings = { slotsPerWindow: 1000, processingMs: 0 };
    const { call, open, patch } = await startCaller({ settings });
    for (let at = 0; at < 21; at += 1) await patch(await open(), "UploadComplete");
    const page = await call("GET", "/api/v1/ingest/jobs");
    expect(bulkJobListWire.parse(page.body).data).toHaveLength(20);
    expect((await call("GET", "/api/v1/ingest/jobs?limit=101")).status).toBe(400);
    expect((await call("GET", "/api/v1/ingest/jobs?states=Nonsense")).status).toBe(400);
  });
});

it("refuses a body that is not the documented JSON with 400", async () => {
  const { call } = await startCaller();
  const path = "/api/v1/ingest/jobs";
  const broken = { body: "{", headers: { "content-type": "application/json" } };
  expect((await call("POST", path, broken)).status).toBe(400);
  expect((await call("POST", path, json({ object: "Contact" }))).status).toBe(400);
});

function hashOf(...records: readonly (readonly string[])[]): string {
  const sum = new HashSum();
  for (const record of records) {
    const { high, low } = hashRecord(record);
    sum.add(high, low);
  }
  return sum.toString();
}
