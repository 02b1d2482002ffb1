/** What must be refused before a slot is spent, each with a reason that names the thing. */
import { bytes } from "@headgate/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { csv, orders, ordersCsv, rowsOf, schema } from "./csv.ts";
import { contentOf } from "./redis-content.ts";
import { type Rig, startRig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({
    schemas: { crm: schema },
    deniedKeys: ["secret.csv"],
    steps: { maxPartBytes: bytes(2000) },
  });
});
afterAll(async () => {
  await rig.close();
});

type Source = Parameters<Rig["enqueue"]>[0]["source"];

interface Case {
  readonly name: string;
  readonly source: () => Promise<Source>;
  readonly code: string;
  /** Words the message must hold. */
  readonly says: readonly string[];
}

async function file(key: string, body: string | Uint8Array): Promise<Source> {
  return { uri: await rig.put(key, body) };
}

const latin1 = Buffer.from("id,note\n1,caf\xe9\n", "latin1");

const cases: readonly Case[] = [
  {
    name: "an unknown bucket",
    source: async () => ({ uri: "s3://nowhere/a.csv" }),
    code: "source_not_found",
    says: ["nowhere"],
  },
  {
    name: "an unknown key",
    source: async () => ({ keys: ["s3://exports/missing.csv"] }),
    code: "source_not_found",
    says: ["s3://exports/missing.csv"],
  },
  {
    name: "a key that may not be read",
    source: () => file("secret.csv", ordersCsv(rowsOf(1))),
    code: "source_forbidden",
    says: ["s3://exports/secret.csv"],
  },
  {
    name: "a prefix that matches nothing",
    source: async () => ({ prefix: "s3://exports/none/" }),
    code: "source_none_matched",
    says: ["s3://exports/none/"],
  },
  {
    name: "an empty file",
    source: () => file("empty.csv", ""),
    code: "csv_empty",
    says: ["s3://exports/empty.csv"],
  },
  {
    name: "a file with a header only",
    source: () => file("header.csv", "id,note\n"),
    code: "csv_header_only",
    says: ["s3://exports/header.csv"],
  },
  {
    name: "files with different headers",
    source: async () => {
      await rig.put("mixed/1.csv", "id,note\n1,a\n");
      await rig.put("mixed/2.csv", "note,id\na,2\n");
      return { prefix: "s3://exports/mixed/" };
    },
    code: "csv_header_differs",
    says: ["mixed/1.csv", "mixed/2.csv"],
  },
  {
    name: "a header without a field of the schema",
    source: () => file("missing.csv", "id\n1\n"),
    code: "csv_column_missing",
    says: ["missing.csv", "note"],
  },
  {
    name: "a header with a column the schema lacks",
    source: () => file("unknown.csv", "id,note,extra\n1,a,b\n"),
    code: "csv_column_unknown",
    says: ["unknown.csv", "extra"],
  },
  {
    name: "a header that names a column twice",
    source: () => file("doubled.csv", "id,note,id\n1,a,1\n"),
    code: "csv_column_doubled",
    says: ["doubled.csv", "id"],
  },
  {
    name: "bytes that are not UTF-8",
    source: () => file("latin1.csv", latin1),
    code: "csv_not_utf8",
    says: ["latin1.csv", "line 2"],
  },
  {
    name: "a quote that never closes",
    source: () => file("unclosed.csv", 'id,note\n1,a\n2,"b\n3,c\n'),
    code: "csv_unclosed_quote",
    says: ["unclosed.csv", "line 3"],
  },
  {
    name: "a record that fits no part",
    source: () =>
      file(
        "large.csv",
        csv([
          ["id", "note"],
          ["1", "x".repeat(2500)],
        ]),
      ),
    code: "csv_record_too_large",
    says: ["large.csv", "line 2"],
  },
];

describe("a load is refused before a slot is spent", () => {
  it.each(cases)("$name", async ({ source, code, says }) => {
    const load = await rig.enqueue({ ...orders, source: await source() });
    const ended = await rig.ended(load.id);

    expect(ended.state).toBe("failed");
    expect(ended.reason?.code).toBe(code);
    for (const word of says) expect(ended.reason?.message).toContain(word);
    expect(rig.emulator.control.requests().filter((call) => call.kind === "create")).toEqual([]);
    expect((await rig.loads.quota())[0]?.slots.used).toBe(0);
  });

  const targets = [
    { object: { object: "nothing" }, code: "unknown_object", says: ["nothing", "orders"] },
    { object: { sourceName: "erp" }, code: "unknown_source_name", says: ["erp", "crm"] },
  ];

  it.each(targets)("target with $code, at the door", async ({ object, code, says }) => {
    const source = { uri: "s3://exports/fine.csv" };
    const refusal = rig.enqueue({ ...orders, ...object, source });
    await expect(refusal).rejects.toMatchObject({ code: `ERR_${code.toUpperCase()}` });
    for (const word of says) await expect(refusal).rejects.toThrow(word);
  });

  it.each(targets)("target with $code, accepted before any worker ran", async (target) => {
    const early = await startRig({ schemas: { crm: schema }, workers: 0 });
    try {
      const uri = await early.put("fine.csv", ordersCsv(rowsOf(1)));
      const load = await early.enqueue({ ...orders, ...target.object, source: { uri } });
      await early.startWorker();
      const ended = await early.ended(load.id);

      expect(ended.reason?.code).toBe(target.code);
      for (const word of target.says) expect(ended.reason?.message).toContain(word);
      const calls = early.emulator.control.requests();
      expect(calls.filter((call) => call.kind === "create")).toEqual([]);
    } finally {
      await early.close();
    }
  });

  it("keeps cell values out of reasons, Redis and events", async () => {
    const canary = "canary-8d1f";
    const load = await rig.enqueue({
      ...orders,
      source: await file("canary.csv", `id,note\n1,${canary}\n2,"${canary}"x\n`),
    });
    const ended = await rig.ended(load.id);

    expect(ended.reason?.code).toBe("csv_stray_quote");
    expect(JSON.stringify(ended)).not.toContain(canary);
    expect(JSON.stringify(rig.events)).not.toContain(canary);
    for (const text of await everything(rig)) expect(text).not.toContain(canary);
  });
});

/** All that stands in Redis under the rig's prefix, as text. */
async function everything({ redis, prefix }: Rig): Promise<readonly string[]> {
  const keys = await redis.keys(`*${prefix}*`);
  const values = await Promise.all(keys.map((key) => contentOf(redis, key)));
  return values.map((value) => JSON.stringify(value ?? ""));
}
