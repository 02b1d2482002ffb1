/** What preflight finds in the records of a load: refused before a slot is spent, or warned of and loaded. */
import { gzipSync } from "node:zlib";
import { bytes, findingsCsv } from "@headgate/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Rig, startRig } from "./rig.ts";

const schema = `
openapi: 3.0.3
components:
  schemas:
    bookings:
      type: object
      x-primary-key: id
      properties:
        note: { type: string }
        id: { type: string }
        total: { type: number }
        paid: { type: boolean }
        day: { type: string, format: date }
        at: { type: string, format: date-time }
`;
const bookings = { sourceName: "crm", object: "bookings", operation: "upsert" } as const;
const header = "note,id,total,paid,day,at";
const good = "x,a,1.50,true,2026-02-28,2026-02-28T10:00:00.000Z";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ schemas: { crm: schema }, steps: { maxPartBytes: bytes(2000) } });
});
afterAll(async () => {
  await rig.close();
});

function creates(): number {
  return rig.emulator.control.requests().filter((call) => call.kind === "create").length;
}

describe("a fault in one record refuses the load, without a slot, and says where", () => {
  it.each([
    ["a decimal comma", 'x,b,"1,5",,,', "value_number", "total"],
    ["a currency sign", "x,b,€5,,,", "value_number", "total"],
    ["a boolean of another spelling", "x,b,,yes,,", "value_boolean", "paid"],
    ["a day that is none", "x,b,,,2026-02-29,", "value_date", "day"],
    ["a day in another order", "x,b,,,28.02.2026,", "value_date", "day"],
    ["an instant of another zone", "x,b,,,,2026-02-28T10:00:00+01:00", "value_date_time", "at"],
    ["an instant without a zone", "x,b,,,,2026-02-28 10:00:00", "value_date_time", "at"],
    ["an empty key", 'x,"",1,,,', "key_empty", "id"],
    ["a key that came before", 'x,"a",1,,,', "key_doubled", "id"],
  ])("%s", async (_, record, rule, column) => {
    const before = creates();
    const uri = await rig.put(
      `${rule}-${column}.csv`,
      `${header}\n${good}\n"two\nlines",c,,,,\n${record}\n`,
    );
    const preflight = { duplicates: true };
    const load = await rig.ended(
      (await rig.enqueue({ ...bookings, source: { uri }, preflight })).id,
    );

    expect(load).toMatchObject({
      state: "failed",
      findings: 1,
      reason: { code: "preflight_refused" },
    });
    for (const word of [uri, "line 5", rule, column]) expect(load.reason?.message).toContain(word);
    const found = await rig.loads.findings(load.id);
    expect(found).toMatchObject({
      policy: "refuse",
      counts: { [rule]: 1 },
      findings: [{ rule, uri, line: 5, column }],
    });
    expect(findingsCsv(found ?? { findings: [] })).toContain(`${uri},5,${column},${rule}`);
    expect(creates()).toBe(before);
  });
});

it("a load of faults is loaded as it is where the request says warn", async () => {
  const rows = [good, ",b,1x,maybe,31.1.26,now", "y,c,,,,"];
  const uri = await rig.put("warned.csv", [header, ...rows].join("\n"));
  const preflight = { policy: "warn" } as const;
  const load = await rig.ended((await rig.enqueue({ ...bookings, source: { uri }, preflight })).id);
  expect(load).toMatchObject({ state: "complete", findings: 4, records: { settled: 3 } });
  expect(await rig.loads.findings(load.id)).toMatchObject({
    policy: "warn",
    counts: { value_number: 1, value_boolean: 1, value_date: 1, value_date_time: 1 },
  });
});

it("a converted file is judged by its text, with its own lines", async () => {
  const body = `${header.replaceAll(",", ";")}\n"zwei\nZeilen";a;1.5;true;;\ncafé;b;1,5;;;\n`;
  const uri = await rig.put("latin1.csv.gz", gzipSync(Buffer.from(body, "latin1")));
  const format = { encoding: "latin1", delimiter: ";" } as const;
  const load = await rig.ended((await rig.enqueue({ ...bookings, source: { uri }, format })).id);
  expect((await rig.loads.findings(load.id))?.findings).toEqual([
    { rule: "value_number", uri, line: 4, column: "total" },
  ]);
});

it("keys are compared over all files and parts of a load", async () => {
  const rows = (from: number) =>
    Array.from({ length: 60 }, (_, index) => `${"x".repeat(80)},k${from + index},,,,`);
  await rig.put("parts/1.csv", [header, ...rows(0)].join("\n"));
  await rig.put("parts/2.csv", [header, ...rows(100), `,k7,,,,`].join("\r\n"));
  const source = { prefix: "s3://exports/parts/" };
  const preflight = { policy: "warn", duplicates: true } as const;
  const load = await rig.ended((await rig.enqueue({ ...bookings, source, preflight })).id);
  expect(load.parts.settled).toBeGreaterThan(4);
  expect((await rig.loads.findings(load.id))?.findings).toEqual([
    {
      rule: "key_doubled",
      uri: "s3://exports/parts/2.csv",
      line: 62,
      column: "id",
      first: { uri: "s3://exports/parts/1.csv", line: 9 },
    },
  ]);
});

it("a delete's key and date-time are looked at, and its layout", async () => {
  const run = async (name: string, body: string) => {
    const uri = await rig.put(`delete/${name}.csv`, body);
    const operation = "delete";
    return await rig.ended((await rig.enqueue({ ...bookings, operation, source: { uri } })).id);
  };
  expect(await run("good", "id\na\nb\n")).toMatchObject({ state: "complete", findings: 0 });
  expect(await run("late", "a,2026-02-28\n")).toMatchObject({
    reason: { code: "preflight_refused", message: expect.stringContaining("column 2") },
  });
  expect(await run("swapped", "at,id\n2026-02-28T10:00:00Z,a\n")).toMatchObject({
    reason: { code: "csv_delete_layout", message: expect.stringContaining("column 1 is at") },
  });
});

it("no value of a faulty record is told anywhere", async () => {
  const canary = "canary-77aa";
  const uri = await rig.put(
    "canary.csv",
    `${header}\n,${canary},${canary},${canary},${canary},${canary}\n,${canary},,,,\n`,
  );
  const preflight = { duplicates: true };
  const load = await rig.ended((await rig.enqueue({ ...bookings, source: { uri }, preflight })).id);
  expect(load.findings).toBe(5);
  const told = [load, rig.events, await rig.loads.findings(load.id)];
  expect(JSON.stringify(told)).not.toContain(canary);
});
