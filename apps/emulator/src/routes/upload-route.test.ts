import { createHash } from "node:crypto";
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { type Caller, startCaller, tokenOf } from "../emulator.test-support.ts";

const header = "id,name,note\n";

/** Uploads one file to a new bulk job and returns status and message. */
async function judge(
  csv: string | Uint8Array,
  options: { readonly operation?: string; readonly object?: string; readonly caller?: Caller } = {},
): Promise<{
  readonly status: number;
  readonly message: unknown;
  readonly files: readonly unknown[];
}> {
  const caller = options.caller ?? (await startCaller());
  const id = await caller.open(options.object, options.operation);
  const { status, body } = await caller.upload(id, csv);
  const files = (await caller.emulator.control.state()).bulkJobs.at(-1)?.files ?? [];
  return { status, message: body.message, files };
}

describe("an upsert file", () => {
  it.each([
    ["LF", `${header}1,Ann,x\n2,Bob,y\n`, 2],
    ["CRLF", "id,name,note\r\n1,Ann,x\r\n2,Bob,y\r\n", 2],
    ["mixed line ends and none at the end", "id,name,note\r\n1,Ann,x\n2,Bob,y", 2],
    ["columns in another order", "note,id,name\nx,1,Ann\n", 1],
    ["quoted names", '"id","name","note"\n1,Ann,x\n', 1],
    ["separators and line ends in quotes", `${header}1,"a,b\r\nc\n\n",""""\n`, 1],
    ["blank lines", `${header}\n1,Ann,x\r\n\r\n\n`, 1],
    ["empty fields", `${header}1,,\n`, 1],
    ["a header alone", header, 0],
    ["text beyond ASCII", `${header}1,Zoë,😀\n`, 1],
  ])("passes with %s", async (_what, csv, rows) => {
    const { status, files } = await judge(csv);
    expect(status).toBe(202);
    expect(files).toMatchObject([
      {
        rows,
        bytes: Buffer.byteLength(csv),
        sha256: createHash("sha256").update(csv).digest("hex"),
      },
    ]);
  });

  it.each([
    ["nothing in it", "", "no header"],
    ["a field of the schema missing", "id,name\n1,Ann\n", '"note"'],
    ["an unknown column", "id,name,note,age\n1,Ann,x,7\n", "1 columns"],
    ["a doubled column", "id,name,note,id\n1,Ann,x,1\n", "column 4"],
    ["a record too short", `${header}1,Ann,x\n2,secret\n`, "line 3"],
    ["a record too long", `${header}1,Ann,x,secret\n`, "line 2"],
    ["a quote inside an unquoted field", `${header}1,secret"x,y\n`, "line 2"],
    ["text after a closing quote", `${header}1,"secret"x,y\n`, "line 2"],
    ["an unclosed quote", `${header}1,Ann,x\n2,"secret,y\n`, "quoted field does not end"],
    ["a byte order mark", `\u{feff}${header}1,Ann,x\n`, "byte order mark"],
    ["other delimiters", "id;name;note\n1;Ann;x\n", '"id", "name", "note"'],
  ])("is refused with 400 for %s, without cell values", async (_what, csv, said) => {
    const { status, message, files } = await judge(csv);
    expect(status).toBe(400);
    expect(message).toContain(said);
    expect(message).not.toContain("secret");
    expect(files).toEqual([]);
  });

  it.each([
    ["a stray continuation byte", Buffer.from([0x80])],
    ["a sequence cut off by the end of file", Buffer.from([0xe2, 0x82])],
    ["an encoded surrogate", Buffer.from([0xed, 0xa0, 0x80])],
  ])("is refused with 400 for %s", async (_what, bytes) => {
    const { status, message } = await judge(Buffer.concat([Buffer.from(`${header}1,Ann,`), bytes]));
    expect(status).toBe(400);
    expect(message).toContain("UTF-8");
  });

  it("may have unknown columns and a byte order mark where settings say so", async () => {
    const settings = { unknownColumns: "drop", byteOrderMark: "accept" } as const;
    const caller = await startCaller({ settings });
    expect((await judge(`\u{feff}${header.trim()},age\n1,Ann,x,7\n`, { caller })).status).toBe(202);
  });
});

describe("a delete file", () => {
  it.each([
    ["one column", "1\n2\n"],
    ["two columns", "1,2026-01-02T03:04:05Z\n2,2026-01-02T03:04:05.678Z\n"],
    ["quoted columns", '"1","2026-01-02T03:04:05Z"\n"2","2026-01-02T03:04:05Z"\n'],
  ])("passes with %s and no header", async (_what, csv) => {
    const { status, files } = await judge(csv, { operation: "delete" });
    expect(status).toBe(202);
    expect(files).toMatchObject([{ rows: 2 }]);
  });

  it.each([
    ["a header", "id\n1\n", "header"],
    ["three columns", "1,2026-01-02T03:04:05Z,x\n", "3 columns"],
    ["no date-time in the second", "1,secret\n", "line 1"],
    ["nothing in it", "", "no record"],
  ])("is refused with 400 for %s", async (_what, csv, said) => {
    const { status, message, files } = await judge(csv, { operation: "delete" });
    expect(status).toBe(400);
    expect(message).toContain(said);
    expect(message).not.toContain("secret");
    expect(files).toEqual([]);
  });
});

describe("an upload", () => {
  it("is answered 201 where the setting says so", async () => {
    const caller = await startCaller({ settings: { uploadStatus: 201 } });
    expect((await judge(`${header}1,Ann,x\n`, { caller })).status).toBe(201);
  });

  it("of several megabytes is judged like a small one", async () => {
    const caller = await startCaller();
    const rows = '1,"Ann, ""the"" first","two\nlines"\n'.repeat(60_000);
    const passed = await judge(header + rows, { caller });
    expect(passed).toMatchObject({ status: 202, files: [{ rows: 60_000 }] });
    const [first] = (await caller.emulator.control.state()).bulkJobs;
    await caller.patch(first?.id ?? "", "Aborted");
    const refused = await judge(`${header}${rows}secret\n`, { caller });
    expect(refused).toMatchObject({ status: 400, files: [] });
    expect(refused.message).toMatch(/^line 120002: /);
  });

  it("is not read as CSV where the judge is off", async () => {
    const caller = await startCaller({ settings: { csvJudge: "off" } });
    expect(await judge("no csv", { caller })).toMatchObject({
      status: 202,
      files: [{ bytes: 6, rows: 0 }],
    });
  });

  it("must be text/csv, uncompressed", async () => {
    const { open, upload } = await startCaller();
    const id = await open();
    expect((await upload(id, header, { "content-type": "application/json" })).status).toBe(415);
    expect((await upload(id, header, { "content-encoding": "gzip" })).status).toBe(415);
    expect((await upload(id, header, { "content-type": "text/csv; charset=UTF-8" })).status).toBe(
      202,
    );
  });

  it("passes at the limit of bytes and is refused with 413 one above it", async () => {
    const body = `${header}1,Ann,x\n`;
    const caller = await startCaller({ settings: { maxPartBytes: body.length } });
    const id = await caller.open();
    expect((await caller.upload(id, body)).status).toBe(202);
    const { status, body: answer } = await caller.upload(id, `${header}1,Anna,x\n`);
    expect(status).toBe(413);
    expect(answer.message).toContain(`${body.length + 1}`);
    const { maxima, bulkJobs } = await caller.emulator.control.state();
    expect(maxima.maxPartBytes).toBe(body.length + 1);
    expect(bulkJobs[0]).toMatchObject({ refusedFiles: 1, files: [{ rows: 1 }] });
  });

  it("without Content-Length stops being read once it is over the limit", async () => {
    const caller = await startCaller({ settings: { maxPartBytes: 1000 } });
    const id = await caller.open();
    const put = await startPut(caller, id);
    put.request.write(header);
    const body = `1,${"x".repeat(20_000)},y\n`;
    put.request.write(body);
    expect((await put.answer).status).toBe(413);
    put.request.destroy();
    expect(caller.emulator.control.requests().at(-1)?.bytes).toBeLessThanOrEqual(70_000);
  });

  it("runs alone in its bulk job; another at the same time is refused with 409", async () => {
    const caller = await startCaller();
    const id = await caller.open();
    const first = await startPut(caller, id);
    first.request.write(header);
    await first.isRunning();
    expect((await caller.upload(id, `${header}1,Ann,x\n`)).status).toBe(409);
    expect((await caller.patch(id, "UploadComplete")).status).toBe(409);
    first.request.end("2,Bob,y\n");
    expect((await first.answer).status).toBe(202);
    expect((await caller.upload(id, `${header}1,Ann,x\n`)).status).toBe(202);
  });

  it("is discarded when its bulk job is aborted meanwhile", async () => {
    const caller = await startCaller();
    const id = await caller.open();
    const put = await startPut(caller, id);
    put.request.write(header);
    await put.isRunning();
    expect((await caller.patch(id, "Aborted")).status).toBe(200);
    put.request.end("2,Bob,y\n");
    expect((await put.answer).status).toBe(409);
  });

  it("that ends before its Content-Length is discarded and frees its bulk job", async () => {
    const caller = await startCaller();
    const id = await caller.open();
    const put = await startPut(caller, id, { "content-length": 1000 });
    put.request.write(`${header}1,Ann,x\n`);
    await put.isRunning();
    put.request.destroy();
    await expect(put.answer).rejects.toThrow();
    await put.isOver();
    const { bulkJobs } = await caller.emulator.control.state();
    expect(bulkJobs[0]).toMatchObject({ files: [], refusedFiles: 1 });
    expect((await caller.upload(id, `${header}1,Ann,x\n`)).status).toBe(202);
  });
});

async function startPut(
  { emulator }: Caller,
  id: string,
  headers: Record<string, string | number> = {},
): Promise<{
  readonly request: ReturnType<typeof request>;
  readonly answer: Promise<{ readonly status: number | undefined }>;
  isRunning(): Promise<void>;
  isOver(): Promise<void>;
}> {
  const token = await tokenOf(emulator);
  const put = request(`${emulator.url}/api/v1/ingest/jobs/${id}/batches`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-type": "text/csv", ...headers },
  });
  const answer = new Promise<{ readonly status: number | undefined }>((resolve, reject) => {
    put.once("error", reject);
    put.once("response", (response) => {
      response.resume().once("end", () => resolve({ status: response.statusCode }));
    });
  });
  // Its outcome may come before the test asks for it.
  answer.catch(() => undefined);
  const until = async (met: () => Promise<boolean> | boolean): Promise<void> => {
    // Asked over HTTP, because the in-process answer would not let the sockets have their turn.
    while (!(await met())) await fetch(`${emulator.url}/__emulator/limits`);
  };
  return {
    request: put,
    answer,
    isRunning: () => until(() => (emulator.control.requests().findLast(isUpload)?.bytes ?? 0) > 0),
    isOver: () =>
      until(async () =>
        (await emulator.control.state()).bulkJobs.every(({ refusedFiles }) => refusedFiles > 0),
      ),
  };
}

function isUpload({ kind }: { readonly kind: string | null }): boolean {
  return kind === "upload";
}
