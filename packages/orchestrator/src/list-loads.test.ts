import { describe, expect, it } from "vitest";
import { cancelLoad } from "./ledger/cancel.ts";
import { parseLoadRequest } from "./load-request.ts";
import type { LoadFilter } from "./loads.ts";
import { doorOfTest, type TestDoor } from "./redis-loads.test-support.ts";
import type { LoadView } from "./views.ts";

/** All pages, each as the ids on it. */
async function pages(door: TestDoor, filter: LoadFilter): Promise<readonly (readonly string[])[]> {
  const seen: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await door.loads.list({ ...filter, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(page.loads.map((load) => load.id));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return seen;
}

/** Accepts loads over two connections, at most four at an instant; answers ids, newest first. */
async function fill(door: TestDoor, count: number): Promise<readonly string[]> {
  const made: { id: string; at: number }[] = [];
  for (let i = 0; i < count; i++) {
    const at = 1_000_000 + Math.floor(i / 4);
    door.setNow(at);
    const connection = i % 3 === 0 ? "emea" : "default";
    made.push({ id: (await door.accept({ connection })).load.id, at });
  }
  return made.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).map((load) => load.id);
}

describe("pages of loads", () => {
  it.each([1, 7, 10, 100])("of %i hold each load once, newest first", async (limit) => {
    const door = doorOfTest({ names: ["default", "emea"] });
    const ids = await fill(door, 30);
    const found = await pages(door, { limit });
    expect(found.flat()).toEqual(ids);
    expect(found.map((page) => page.length)).toEqual(
      Array.from({ length: Math.ceil(30 / limit) }, (_, i) => Math.min(limit, 30 - i * limit)),
    );
  });

  it("have 20 loads where no limit is given, and no cursor on the last one", async () => {
    const door = doorOfTest({ names: ["default", "emea"] });
    await fill(door, 20);
    const page = await door.loads.list({});
    expect(page.loads).toHaveLength(20);
    expect(page).not.toHaveProperty("nextCursor");
  });

  it("hold only loads of the connection and state that are asked for", async () => {
    const door = doorOfTest({ names: ["default", "emea"] });
    const ids = await fill(door, 30);
    const cancelled = ids.filter((id, i) => i % 2 === 0 && id.startsWith("default."));
    for (const id of cancelled) await cancelLoad(door.of("default").ledger, id);

    expect((await pages(door, { states: ["cancelled"], limit: 3 })).flat()).toEqual(cancelled);
    expect((await pages(door, { connection: "emea", limit: 3 })).flat()).toEqual(
      ids.filter((id) => id.startsWith("emea.")),
    );
    expect(await pages(door, { connection: "emea", states: ["cancelled"] })).toEqual([[]]);
  });

  it("find a rare state far behind many loads of other states", async () => {
    const door = doorOfTest();
    const { load } = await door.accept();
    await door.loads.cancel(load.id);
    for (let i = 0; i < 250; i++) {
      door.setNow(1_000_001 + i);
      await door.accept();
    }
    expect(await pages(door, { states: ["cancelled"], limit: 1 })).toEqual([[load.id]]);
  });

  it("find each of very many loads that were accepted at one instant", async () => {
    const door = doorOfTest();
    const made = await Promise.all(Array.from({ length: 250 }, () => door.accept()));
    const found = (await pages(door, { limit: 60 })).flat();
    expect(found).toHaveLength(250);
    expect(new Set(found)).toEqual(new Set(made.map(({ load }) => load.id)));
  });

  it("neither repeat nor miss a load when others come in between two pages", async () => {
    const door = doorOfTest();
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) {
      door.setNow(1_000_000 + i);
      ids.unshift((await door.accept()).load.id);
    }
    const first = await door.loads.list({ limit: 3 });
    door.setNow(1_000_100);
    await door.accept();
    const second = await door.loads.list({ limit: 3, cursor: first.nextCursor ?? "" });
    expect([...first.loads, ...second.loads].map((load) => load.id)).toEqual(ids);
  });

  it("are narrowed by all that a filter names, whichever index they are read by", async () => {
    const door = doorOfTest({ names: ["default", "emea"] });
    const made: LoadView[] = [];
    for (let i = 0; i < 48; i++) {
      door.setNow(1_000_000 + i);
      const request = parseLoadRequest({
        connection: i % 2 === 0 ? "default" : "emea",
        sourceName: i % 5 === 0 ? "erp" : "crm",
        object: i % 3 === 0 ? "orders" : "customers",
        operation: i % 4 === 0 ? "delete" : "upsert",
        source: { uri: "s3://bucket/key.csv" },
      });
      const caller = { principal: i % 7 === 0 ? "acme" : "other", via: "http" } as const;
      const run = i % 6 === 0 ? { run: "default.run1" } : {};
      const { load } = await door.loads.accept(request, { caller, ...run });
      made.unshift(i % 9 === 0 ? await door.loads.cancel(load.id) : load);
    }
    const filters: readonly [LoadFilter, (load: LoadView) => boolean][] = [
      [{ states: ["cancelled"] }, (load) => load.state === "cancelled"],
      [{ states: ["accepted", "waiting"] }, (load) => load.state === "accepted"],
      [{ states: [] }, () => false],
      [{ principal: "acme" }, (load) => load.principal === "acme"],
      [{ run: "default.run1" }, (load) => load.run === "default.run1"],
      [{ object: "orders" }, (load) => load.object === "orders"],
      [{ sourceName: "erp" }, (load) => load.sourceName === "erp"],
      [{ operation: "delete" }, (load) => load.operation === "delete"],
      [{ since: 1_000_010 }, (load) => load.acceptedAt >= new Date(1_000_010).toISOString()],
      [{ until: 1_000_010 }, (load) => load.acceptedAt < new Date(1_000_010).toISOString()],
    ];
    for (const [filter, wanted] of filters)
      for (const [other, alsoWanted] of filters) {
        const found = (await pages(door, { ...filter, ...other, limit: 5 })).flat();
        const one = Object.keys(filter).every((name) => !(name in other)) ? wanted : () => true;
        const both = made.filter((load) => one(load) && alsoWanted(load));
        expect(found).toEqual(both.map(({ id }) => id));
      }
  });

  it("leave out bulk jobs, and records that have expired", async () => {
    const door = doorOfTest();
    const { load } = await door.accept();
    const gone = await door.accept();
    await door.redis.del(`${door.of("default").ledger.base}load:${gone.load.id}`);
    const { loads } = await door.loads.list({});
    expect(loads.map(({ id }) => id)).toEqual([load.id]);
    expect(loads[0]).not.toHaveProperty("bulkJobs");
  });

  it.each([
    "",
    "garbage",
    Buffer.from("[1]").toString("base64url"),
    Buffer.from('["1","a"]').toString("base64url"),
    Buffer.from("null").toString("base64url"),
  ])("are refused for the cursor %j, which no page gave", async (cursor) => {
    await expect(doorOfTest().loads.list({ cursor })).rejects.toMatchObject({
      code: "ERR_REQUEST_INVALID",
      fields: { field: "cursor" },
    });
  });

  it("of an unknown connection are refused by its name", async () => {
    await expect(doorOfTest().loads.list({ connection: "emea" })).rejects.toMatchObject({
      code: "ERR_UNKNOWN_CONNECTION",
      fields: { connection: "emea" },
    });
  });
});
