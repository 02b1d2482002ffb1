import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { beforeEach, expect, test } from "vitest";
import { localFile, standardInput } from "../local-sources.ts";
import { problem, scriptedServer } from "./scripted-server.test-support.ts";
import { upload } from "./upload.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-upload-"));
  file = join(folder, "orders é&1.csv.gz");
  writeFileSync(file, "id,name\n1,a\n");
  return () => rmSync(folder, { recursive: true });
});

const answer = { uri: "file:///uploads/cli/1-orders.csv", bytes: 12, sha256: "00" };

function options() {
  const sent: number[] = [];
  const notes: string[] = [];
  return {
    ...{ sent, notes, signal: new AbortController().signal },
    report: (line: string) => void notes.push(line),
    onBytes: (bytes: number) => void sent.push(bytes),
  };
}

test("a file is sent whole, with its length and name", async () => {
  let body = "";
  const { client, seen } = await scriptedServer(async (request, response) => {
    body = await text(request);
    response.writeHead(201).end(JSON.stringify(answer));
  });
  const how = options();
  expect(await upload(client, await localFile(file), how)).toEqual(answer);
  expect(body).toBe("id,name\n1,a\n");
  expect(seen[0]?.headers["content-length"]).toBe("12");
  expect(new URL(seen[0]?.url ?? "", "http://a").searchParams.get("name")).toBe(
    "orders é&1.csv.gz",
  );
  expect(how.sent.at(-1)).toBe(12);
});

test("a file is sent again from its beginning after a lost connection", async () => {
  const bodies: string[] = [];
  const { client } = await scriptedServer(
    (request) => void request.socket.destroy(),
    (request, response) =>
      problem(
        response.on("finish", () => request.resume()),
        503,
        "away",
      ),
    async (request, response) => {
      bodies.push(await text(request));
      response.writeHead(201).end(JSON.stringify(answer));
    },
  );
  const how = options();
  await upload(client, await localFile(file), how);
  expect(bodies).toEqual(["id,name\n1,a\n"]);
  expect(how.notes).toHaveLength(2);
});

test("standard input is sent as it comes, and once only", async () => {
  let body = "";
  const { client } = await scriptedServer(async (request, response) => {
    body = await text(request);
    response.writeHead(201).end(JSON.stringify(answer));
  });
  await upload(
    client,
    standardInput(Readable.from([Buffer.from("id\n"), Buffer.from("1\n")])),
    options(),
  );
  expect(body).toBe("id\n1\n");

  const away = await scriptedServer((request) => void request.socket.destroy());
  const input = standardInput(Readable.from([Buffer.from("id\n")]));
  await expect(upload(away.client, input, options())).rejects.toMatchObject({
    kind: "unavailable",
  });
  expect(away.seen).toHaveLength(1);
});

test.each([
  [413, "upload_too_large", "refused"],
  [404, "uploads_off", "refused"],
  [401, "unauthenticated", "login"],
])("a refusal by %i is told by its code", async (status, code, kind) => {
  const { client } = await scriptedServer(async (request, response) => {
    await text(request);
    problem(response, status, code);
  });
  await expect(upload(client, await localFile(file), options())).rejects.toMatchObject({
    kind,
    code,
  });
});

test("what cannot be sent is told before anything is", async () => {
  const empty = join(folder, "empty.csv");
  writeFileSync(empty, "");
  for (const [path, why] of [
    [join(folder, "missing.csv"), "ENOENT"],
    [folder, "is a folder"],
    [empty, "is empty"],
    ["/dev/null", "is not a regular file"],
  ] as const)
    await expect(localFile(path)).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringContaining(why),
    });
});
