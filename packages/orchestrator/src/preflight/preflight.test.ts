import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import {
  BulkError,
  type ConnectorCatalogue,
  defaultPreflight,
  type ObjectSchema,
  type PreflightSettings,
} from "@headgate/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadOf } from "../ledger/ledger.test-support.ts";
import { readFindings } from "../ledger/load-record.ts";
import { type LoadRequestInput, parseLoadRequest } from "../load-request.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import type { StepContext } from "../steps/context.ts";
import { runLoad } from "../steps/run-load.ts";
import { dryRun } from "./dry-run.ts";

const { signal } = new AbortController();
const owner = { principal: "test", via: "http" };

const orders: ObjectSchema = {
  name: "orders",
  primaryKey: "id",
  fields: [
    { name: "id", type: "text" },
    { name: "amount", type: "number" },
  ],
};
const catalogue: ConnectorCatalogue = new Map<
  string,
  ReadonlyMap<string, ObjectSchema> | "unchecked"
>([
  ["crm", new Map([["orders", orders]])],
  ["raw", "unchecked"],
]);
const uri = "s3://bucket/orders.csv";

interface Preflight {
  readonly fleet: TestFleet;
  readonly context: StepContext;
  /** Accepts a load of the file, runs its task once and answers its id. */
  load(changes?: Partial<LoadRequestInput>): Promise<string>;
  plan(changes?: Partial<LoadRequestInput>): ReturnType<typeof dryRun>;
}

/** A fleet whose one file has this content. */
function preflightOf(content: string, settings: Partial<PreflightSettings> = {}): Preflight {
  const fleet = fleetOfTest();
  fleet.files.set(uri, content);
  const context: StepContext = {
    ...fleet.context,
    ports: {
      ...fleet.context.ports,
      catalogue,
      preflightOf: () => ({ ...defaultPreflight, ...settings }),
    },
  };
  return {
    fleet,
    context,
    async load(changes) {
      const { load } = await fleet.door.accept({ source: { uri }, ...changes });
      await runLoad(context, load.id, signal);
      return load.id;
    },
    plan: (changes) =>
      dryRun(
        context,
        parseLoadRequest({
          sourceName: "crm",
          object: "orders",
          operation: "upsert",
          source: { uri },
          ...changes,
        }),
        { owner, signal, onRead: () => {} },
      ),
  };
}

const bad = "id,amount\na,1\n,2\nb,x\n";
const badCounts = { key_empty: 1, value_number: 1 };

describe("a load with findings", () => {
  it("fails before a slot is spent where the policy refuses, and keeps them readable", async () => {
    const { fleet, context, load } = preflightOf(bad);
    const id = await load();
    const record = await loadOf(context.ledger, id);
    expect(record).toMatchObject({
      state: "failed",
      reasonCode: "preflight_refused",
      reasonMessage: `preflight found 2 faults (value_number 1, key_empty 1); the first is key_empty at ${uri} line 3, id`,
      findings: 2,
    });
    expect(await fleet.door.loads.findings(id)).toEqual({
      policy: "refuse",
      counts: badCounts,
      findings: [
        { rule: "key_empty", uri, line: 3, column: "id" },
        { rule: "value_number", uri, line: 4, column: "amount" },
      ],
    });
    expect(fleet.events).toContainEqual({ type: "load.findings", loadId: id, counts: badCounts });
    expect(fleet.tenant.calls).not.toContain("create");
  });

  it("is loaded where the policy warns, and keeps them", async () => {
    const { fleet, context, load } = preflightOf(bad, { policy: "warn" });
    const id = await load();
    expect(await loadOf(context.ledger, id)).toMatchObject({ parts: 1, records: 3, findings: 2 });
    expect(await readFindings(context.ledger, id)).toMatchObject({
      policy: "warn",
      counts: badCounts,
    });
    expect(fleet.events).toContainEqual({ type: "load.findings", loadId: id, counts: badCounts });
  });

  it("keeps those found before a fault that is always refused", async () => {
    const { context, load } = preflightOf(`${bad}"\n`, { policy: "warn" });
    const id = await load();
    expect(await loadOf(context.ledger, id)).toMatchObject({
      state: "failed",
      reasonCode: "csv_unclosed_quote",
      findings: 2,
    });
    expect(await readFindings(context.ledger, id)).toMatchObject({ counts: badCounts });
  });

  it("goes by the request where it says what to look for", async () => {
    const { context, load } = preflightOf(bad);
    const warned = await load({ preflight: { policy: "warn" } });
    expect(await loadOf(context.ledger, warned)).toMatchObject({ parts: 1, findings: 2 });
    const unread = await load({ preflight: { values: false } });
    expect(await loadOf(context.ledger, unread)).toMatchObject({ parts: 1, findings: 0 });
  });
});

it("a load without findings tells of none", async () => {
  const { fleet, context, load } = preflightOf("id,amount\na,1\n", { policy: "warn" });
  const id = await load();
  expect(await loadOf(context.ledger, id)).toMatchObject({ findings: 0 });
  expect(await fleet.door.loads.findings(id)).toEqual({ policy: "warn", counts: {}, findings: [] });
  expect(fleet.events.map(({ type }) => type)).not.toContain("load.findings");
});

describe("doubled keys", () => {
  const doubled = 'id,amount\na,1\n"b\n",2\na,3\n';

  it("are looked for where it is asked, and leave no scratch file", async () => {
    const { context, load } = preflightOf(doubled);
    const id = await load({ preflight: { duplicates: true } });
    expect(await readFindings(context.ledger, id)).toMatchObject({
      findings: [{ rule: "key_doubled", uri, line: 5, column: "id", first: { uri, line: 2 } }],
    });
    expect(await loadOf(context.ledger, await load())).toMatchObject({ findings: 0 });
    expect((await readdir(tmpdir())).filter((name) => name.endsWith(".scratch"))).toEqual([]);
  });

  it("of a connector without a schema: refused if the request asks, else not looked for", async () => {
    const { plan } = preflightOf(doubled, { duplicates: true });
    expect(await plan({ sourceName: "raw" })).toMatchObject({ ok: true });
    expect(await plan({ sourceName: "raw", preflight: { duplicates: true } })).toMatchObject({
      ok: false,
      reason: { code: "request_invalid", message: expect.stringContaining("preflight.duplicates") },
    });
    const keys = preflightOf("a\nb\na\n", { duplicates: true });
    const operation = "delete";
    expect(await keys.plan({ sourceName: "raw", operation, header: "absent" })).toMatchObject({
      findings: { findings: [{ rule: "key_doubled", line: 3, column: "column 1" }] },
    });
  });

  it("are looked for again later where scratch space cannot be used for now", async () => {
    const rows = Array.from({ length: 5000 }, () => "a,1\n").join("");
    const { context, fleet } = preflightOf(`id,amount\n${rows}`, { duplicates: true });
    const openScratch = () => Promise.reject(new BulkError("ERR_SCRATCH", "the disk is full"));
    const full = { ...context, ports: { ...context.ports, openScratch } };
    const { load } = await fleet.door.accept({ source: { uri } });
    expect(await runLoad(full, load.id, signal)).toMatchObject({
      kind: "snooze",
      reason: "planning met ERR_SCRATCH",
    });
    await runLoad(context, load.id, signal);
    expect(await loadOf(context.ledger, load.id)).toMatchObject({ findings: 4999 });
  });
});

describe("a dry run", () => {
  it("reports files, parts, bulk jobs and findings, and records nothing", async () => {
    const { context, plan } = preflightOf("id,amount\na,1\nb,2\n");
    const before = await context.ledger.redis.keys(`${context.ledger.base}*`);
    expect(await plan()).toEqual({
      connection: "default",
      sourceName: "crm",
      object: "orders",
      operation: "upsert",
      ok: true,
      sourceObjects: 1,
      files: [{ uri, bytes: 18 }],
      parts: 1,
      bulkJobs: 1,
      bytes: 18,
      records: 2,
      findings: { policy: "refuse", counts: {}, findings: [] },
    });
    expect(await context.ledger.redis.keys(`${context.ledger.base}*`)).toEqual(before);
  });

  it("says why a load would be refused, and what was found until then", async () => {
    const { plan } = preflightOf(bad);
    expect(await plan()).toMatchObject({
      ok: false,
      reason: { code: "preflight_refused" },
      parts: 1,
      bulkJobs: 1,
      findings: { counts: badCounts },
    });
    expect(await plan({ source: { uri: "s3://bucket/none.csv" } })).toMatchObject({
      ok: false,
      reason: { code: "source_none_matched" },
      sourceObjects: 0,
      files: [],
      parts: 0,
      bulkJobs: 0,
    });
    expect(await plan({ object: "nobody" })).toMatchObject({ reason: { code: "unknown_object" } });
  });

  it("answers nothing where the store cannot be read for now", async () => {
    const { context, plan } = preflightOf(bad);
    const { source } = context.ports;
    Object.assign(source, {
      readWhole() {
        throw new BulkError("ERR_SOURCE_UNREADABLE", "the store is away");
      },
    });
    await expect(plan()).rejects.toMatchObject({ code: "ERR_SOURCE_UNREADABLE" });
  });

  it("tells how far it is", async () => {
    const { context } = preflightOf("id,amount\na,1\n");
    const told: object[] = [];
    const request = { sourceName: "crm", object: "orders", operation: "upsert", source: { uri } };
    await dryRun(context, parseLoadRequest(request), {
      owner,
      signal,
      onRead: (read) => told.push(read),
    });
    expect(told).toEqual([{ sourceObjects: 0, bytes: 14 }]);
  });

  it("says ok exactly when the load gets as far as waiting, with the same sums and findings", async () => {
    const field = fc.constantFrom("a", "b", "1", "", '"', '"a"', "1,2", "\n", "\r\n", "é", "x");
    const header = fc.constantFrom(
      "id,amount\n",
      "amount,id\r\n",
      "id\n",
      "id,amount,more\n",
      "version\n",
      "",
    );
    const content = fc
      .tuple(header, fc.array(fc.tuple(field, field), { maxLength: 4 }))
      .map(([first, rows]) => first + rows.map((row) => `${row.join(",")}\n`).join(""));
    const request = fc.record(
      {
        operation: fc.constantFrom("upsert", "delete"),
        sourceName: fc.constantFrom("crm", "raw"),
        preflight: fc.record(
          {
            policy: fc.constantFrom("warn", "refuse"),
            values: fc.boolean(),
            duplicates: fc.boolean(),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ["operation"] },
    );
    const seen = new Set<string | undefined>();
    await fc.assert(
      fc.asyncProperty(content, request, async (text, changes) => {
        const { context, fleet, plan } = preflightOf(text);
        const { ok, reason, parts, bytes, records, sourceObjects, findings } = await plan(changes);
        const { load } = await fleet.door.accept({ source: { uri }, ...changes });
        await runLoad(context, load.id, signal);
        const record = await loadOf(context.ledger, load.id);
        expect(ok).toBe(record.plannedAt !== undefined);
        expect(await readFindings(context.ledger, load.id)).toEqual(findings);
        if (ok) expect({ parts, bytes, records, sourceObjects }).toMatchObject(sumsOf(record));
        else expect(record).toMatchObject({ state: "failed", reasonCode: reason?.code });
        seen.add(reason?.code);
      }),
      { numRuns: 150 },
    );
    expect([...seen]).toEqual(expect.arrayContaining([undefined, "preflight_refused"]));
    expect(seen.size).toBeGreaterThan(4);
  }, 120_000);
});

function sumsOf({ parts, bytes, records, sourceObjects }: Awaited<ReturnType<typeof loadOf>>) {
  return { parts, bytes, records, sourceObjects };
}
