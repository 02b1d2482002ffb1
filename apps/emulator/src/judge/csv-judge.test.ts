import { parseConnectorSchema } from "@headgate/ingestion-api/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contactsSchema } from "../emulator.test-support.ts";
import { parseSettings } from "../settings.ts";
import type { PassedFile } from "../state/bulk-jobs.ts";
import { HashSum, hashRecord } from "../state/record-hash.ts";
import { createByteCounter } from "./byte-counter.ts";
import { type CsvJudge, createCsvJudge, type JudgedAs } from "./csv-judge.ts";
import { JudgePool } from "./judge-pool.ts";

const schema = parseConnectorSchema(contactsSchema).objects.get("Contact");
if (schema === undefined) throw new Error("the schema lacks Contact");
const as: JudgedAs = { operation: "upsert", schema };
const settings = parseSettings({});
const header = "id,name,note\n";

async function judgeIn(judge: CsvJudge, chunks: readonly Buffer[]): Promise<PassedFile> {
  try {
    for (const chunk of chunks) await judge.write(chunk);
    return await judge.end();
  } finally {
    judge.discard();
  }
}

const field = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r\n", "é", "😀", " ") });
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

describe("the judge", () => {
  it("reads the same records however the file is cut into chunks", async () => {
    const record = fc.tuple(field, field, field);
    const records = fc.array(record, { minLength: 1, maxLength: 20 });
    const lineEnd = fc.constantFrom("\n", "\r\n");
    await fc.assert(
      fc.asyncProperty(records, lineEnd, fc.array(fc.nat(300)), async (rows, eol, cuts) => {
        const lines = rows.map((row) => row.map(quoted).join(",") + eol);
        const body = Buffer.from(`id,name,note${eol}${lines.join("")}`);
        const { file, rows: passed } = await judgeIn(createCsvJudge(as, settings), cut(body, cuts));
        const expected = new HashSum();
        for (const row of rows) {
          const { high, low } = hashRecord(row);
          expected.add(high, low);
        }
        expect(file).toMatchObject({ bytes: body.length, hash: expected.toString() });
        expect(passed).toMatchObject({ rows: rows.length });
        expect(passed.log.rows).toBe(rows.length);
      }),
      { numRuns: 100 },
    );
  });

  it("sees a byte sequence that is not UTF-8 across two chunks", async () => {
    const chunks = [Buffer.from(`${header}1,Ann,`), Buffer.from([0xc3]), Buffer.from("x\n")];
    await expect(judgeIn(createCsvJudge(as, settings), chunks)).rejects.toMatchObject({
      code: "ERR_API_BAD_REQUEST",
      fields: { status: 400 },
    });
  });
});

describe("a judge in a thread", () => {
  const line = '7,"Ann, with ""quotes""","two\nlines"\n';
  const large = Buffer.from(header + line.repeat(60_000));
  const chunks = cut(
    large,
    Array.from({ length: 40 }, () => 50_000),
  );

  it("finds what a judge in this thread finds, several files at a time", async () => {
    const pool = new JudgePool();
    try {
      const here = await judgeIn(createCsvJudge(as, settings), chunks);
      const there = await Promise.all(
        [1, 2, 3].map(() => judgeIn(pool.judge(as, settings), chunks)),
      );
      for (const passed of there) {
        expect(passed.file).toEqual(here.file);
        expect(passed.rows.hash.toString()).toBe(here.file.hash);
        expect([...passed.rows.log.chunks()]).toEqual([...here.rows.log.chunks()]);
      }
      expect(here.file.rows).toBe(60_000);
    } finally {
      await pool.close();
    }
  });

  it("refuses as a judge in this thread does, and goes on judging other files", async () => {
    const pool = new JudgePool();
    try {
      const broken = [...chunks, Buffer.from("secret\n"), ...chunks];
      const refused = judgeIn(pool.judge(as, settings), broken);
      await expect(refused).rejects.toMatchObject({
        code: "ERR_API_BAD_REQUEST",
        message: expect.stringMatching(/^line 120002: .* number of fields/),
      });
      const abandoned = pool.judge(as, settings);
      await abandoned.write(Buffer.from(header));
      abandoned.discard();
      const { file } = await judgeIn(pool.judge(as, settings), chunks);
      expect(file.rows).toBe(60_000);
    } finally {
      await pool.close();
    }
  });

  it("fails, rather than wait, when its thread ends", async () => {
    const pool = new JudgePool();
    const judge = pool.judge(as, settings);
    await judge.write(Buffer.from(header));
    await pool.close();
    await expect(judge.end()).rejects.toThrow("thread has ended");
  });
});

it("lets anything pass where it is off, with bytes counted", async () => {
  const { file } = await judgeIn(createByteCounter(), [
    Buffer.from("no, ''csv\""),
    Buffer.from("x"),
  ]);
  expect(file).toMatchObject({ bytes: 11, rows: 0 });
});

/** Cuts a body into chunks of these sizes and the rest. */
function cut(body: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const chunks: Buffer[] = [];
  let from = 0;
  for (const size of sizes) {
    chunks.push(body.subarray(from, from + size));
    from = Math.min(body.length, from + size);
  }
  return [...chunks, body.subarray(from)].filter(({ length }) => length > 0);
}
