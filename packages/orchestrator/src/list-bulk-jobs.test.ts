import { describe, expect, it } from "vitest";
import type { BulkJobFilter, BulkJobs } from "./bulk-jobs.ts";
import { advanceBulkJob } from "./ledger/bulk-job-record.ts";
import { endBulkJob } from "./ledger/end-bulk-job.ts";
import { bulkJobOf, claimAs, complete, planLoadAs } from "./ledger/ledger.test-support.ts";
import { recordObservation } from "./ledger/observation.ts";
import { createRedisBulkJobs } from "./list-bulk-jobs.ts";
import { doorOfTest, type TestDoor } from "./redis-loads.test-support.ts";

const names = ["default", "emea"] as const;

function world(): { readonly door: TestDoor; readonly bulkJobs: BulkJobs } {
  const limits = { slots: 1000, permits: 100 };
  const door = doorOfTest({ names, limits });
  const ledgers = new Map(names.map((name) => [name, door.of(name).ledger]));
  return { door, bulkJobs: createRedisBulkJobs(ledgers) };
}

/** A bulk job of ours with one part; answers its load. */
async function claimed(door: TestDoor, id: string, connection = "default"): Promise<string> {
  const { ledger } = door.of(connection);
  const { load } = await door.accept({ connection, object: id });
  await planLoadAs(ledger, load.id, 1);
  await claimAs(ledger, id, { object: id });
  return load.id;
}

async function end(door: TestDoor, id: string): Promise<void> {
  const { ledger } = door.of("default");
  await endBulkJob(ledger, await bulkJobOf(ledger, id), complete);
}

async function seeForeign(door: TestDoor, connection: string, ...ids: string[]): Promise<void> {
  const seen = ids.map((id) => ({
    id,
    sourceName: "web",
    object: `visits${id}`,
    operation: "upsert",
    state: "Open" as const,
  }));
  await recordObservation(door.of(connection).ledger, seen);
}

async function pages(bulkJobs: BulkJobs, filter: BulkJobFilter): Promise<readonly string[][]> {
  const found: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await bulkJobs.list({ ...filter, ...(cursor === undefined ? {} : { cursor }) });
    found.push(page.bulkJobs.map(({ id, remoteId }) => id ?? remoteId ?? "?"));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

describe("bulk jobs in a list", () => {
  it("show ours with their loads, and other tools' as the tenant's list has them", async () => {
    const { door, bulkJobs } = world();
    const load = await claimed(door, "a");
    await seeForeign(door, "default", "f1");
    expect((await bulkJobs.list({})).bulkJobs).toEqual([
      {
        connection: "default",
        owner: "foreign",
        remoteId: "f1",
        sourceName: "web",
        object: "visitsf1",
      },
      {
        id: "a",
        connection: "default",
        owner: "ours",
        sourceName: "crm",
        object: "a",
        phase: "claimed",
        files: 1,
        uploadedFiles: 0,
        claimedAt: "1970-01-01T00:16:40.000Z",
        loads: [load],
      },
    ]);
  });

  it.each([1, 2, 3, 100])("come once each in pages of %i, foreign ones first", async (limit) => {
    const { door, bulkJobs } = world();
    for (const [at, id] of ["a", "b", "c", "d"].entries()) {
      door.setNow(1_000_000 + Math.floor(at / 2));
      await claimed(door, id, at % 2 === 0 ? "default" : "emea");
    }
    await seeForeign(door, "default", "f1", "f2");
    await seeForeign(door, "emea", "f3");
    const found = await pages(bulkJobs, { limit });
    expect(found.flat()).toEqual(["f3", "f2", "f1", "d", "c", "b", "a"]);
    expect(found.slice(0, -1).every((page) => page.length === limit)).toBe(true);
  });

  it("are narrowed by connection, owner and phase", async () => {
    const { door, bulkJobs } = world();
    await claimed(door, "a");
    await claimed(door, "b");
    await claimed(door, "c", "emea");
    await end(door, "a");
    await seeForeign(door, "default", "f1");
    const listed = async (filter: BulkJobFilter) => (await pages(bulkJobs, filter)).flat();
    expect(await listed({ connection: "emea" })).toEqual(["c"]);
    expect(await listed({ owner: "foreign" })).toEqual(["f1"]);
    expect(await listed({ owner: "ours", connection: "default" })).toEqual(["b", "a"]);
    expect(await listed({ phase: "ended" })).toEqual(["a"]);
    expect(await listed({ phase: "claimed" })).toEqual(["c", "b"]);
    expect(await listed({ phase: "uploading" })).toEqual([]);
    expect(await listed({ phase: "claimed", owner: "foreign" })).toEqual([]);
  });

  it("of an unknown connection, or by a cursor that no page gave, are refused", async () => {
    const { bulkJobs } = world();
    await expect(bulkJobs.list({ connection: "apac" })).rejects.toMatchObject({
      code: "ERR_UNKNOWN_CONNECTION",
      fields: { connection: "apac" },
    });
    await expect(bulkJobs.list({ cursor: "garbage" })).rejects.toMatchObject({
      code: "ERR_REQUEST_INVALID",
      fields: { field: "cursor" },
    });
  });
});

describe("one bulk job", () => {
  it("is found by our id and by the API's, in any connection, ended or not", async () => {
    const { door, bulkJobs } = world();
    await claimed(door, "a");
    await claimed(door, "c", "emea");
    const { ledger } = door.of("default");
    await advanceBulkJob(ledger, await bulkJobOf(ledger, "a"), {
      remoteId: "r1",
      phase: "uploading",
    });
    await end(door, "a");
    await seeForeign(door, "emea", "f3");
    const ours = {
      id: "a",
      remoteId: "r1",
      phase: "ended",
      end: "complete",
      connection: "default",
    };
    for (const id of ["a", "r1"]) expect(await bulkJobs.get(id)).toMatchObject(ours);
    expect(await bulkJobs.get("c")).toMatchObject({ id: "c", connection: "emea" });
    expect(await bulkJobs.get("f3")).toMatchObject({ owner: "foreign", connection: "emea" });
  });

  it.each(["", "none", "a:parts", "x".repeat(5000)])("is not there under %j", async (id) => {
    const { door, bulkJobs } = world();
    await claimed(door, "a");
    const answer = await bulkJobs.get(id).catch((error: unknown) => error);
    expect(answer).toBeUndefined();
  });
});
