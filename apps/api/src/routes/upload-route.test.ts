import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createUploadFolder } from "@headgate/part-source/uploads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestApi, type TestApi, testKey, testPrincipal } from "../api.test-support.ts";

let folder: string;
let api: TestApi;
let port: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-uploads-"));
});

async function listen(
  limits: { readonly uploadIdleMs?: number; readonly requestTimeoutMs?: number } = {},
) {
  const uploads = createUploadFolder({ folder, maxBytes: 1_000_000 });
  api = createTestApi({ doors: { uploads }, limits });
  await api.app.listen({ host: "127.0.0.1", port: 0 });
  port = (api.app.server.address() as AddressInfo).port;
}

afterEach(async () => {
  await api.app.close();
  rmSync(folder, { recursive: true });
});

/** Every file below the folder, half-received ones too. */
const files = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());

/** Bytes of the one file there is. */
const received = () => {
  const [file] = files();
  return file === undefined ? 0 : statSync(join(file.parentPath, file.name)).size;
};

function begin(path: string, length: number, type = "text/csv"): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\n` +
      `content-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`,
  );
  return socket;
}

describe("a file that is sent", () => {
  it("may take longer than other requests as long as bytes come", async () => {
    await listen({ requestTimeoutMs: 1 });
    const socket = begin("/v1/files?name=a.csv", 8);
    for (const [index, byte] of [..."id\n1\n2\n\n"].entries()) {
      socket.write(byte);
      if (index < 7) await expect.poll(received).toBe(index + 1);
    }
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 201 /);
    expect(files()).toMatchObject([{ parentPath: join(folder, testPrincipal) }]);
    socket.destroy();
  });

  it("leaves nothing where it stands still, and is answered 408", async () => {
    await listen({ uploadIdleMs: 50 });
    const socket = begin("/v1/files", 1000);
    socket.write("id\n");
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain("request_timeout");
    expect(files()).toEqual([]);
  });

  it("leaves nothing where its client goes away", async () => {
    await listen();
    const socket = begin("/v1/files", 1000);
    await new Promise<void>((resolve) => socket.write("id\n", () => resolve()));
    await expect.poll(() => files().length).toBe(1);
    socket.destroy();
    await expect.poll(() => files().length).toBe(0);
  });

  it("leaves nothing where it is too large, said before or not", async () => {
    await listen();
    const said = await text(begin("/v1/files", 1_000_001));
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
    const unsaid = await api.call({
      ...{ method: "POST", url: "/v1/files", payload: "x".repeat(1_000_001) },
      headers: { "content-type": "text/csv" },
    });
    expect(unsaid.statusCode).toBe(413);
    expect(files()).toEqual([]);
  });

  it.each([
    ["application/json", "", 415],
    ["text/csv\ta", "", 415],
    ["multipart/form-data", "", 415],
    ["text/csv", "?name=../../etc/passwd", 400],
    ["text/csv", "?name=", 400],
    ["text/csv", `?name=${"x".repeat(256)}`, 400],
    ["text/csv", "?nam=a", 400],
  ])("of type %j, %j is refused", async (type, query, status) => {
    await listen();
    const answer = await api.call({
      ...{ method: "POST", url: `/v1/files${query}`, payload: "id\n1\n" },
      headers: { "content-type": type },
    });
    expect(answer.statusCode).toBe(status);
    expect(files()).toEqual([]);
  });

  it("is not taken where no folder is configured", async () => {
    api = createTestApi();
    const answer = await api.call({
      ...{ method: "POST", url: "/v1/files", payload: "id\n" },
      headers: { "content-type": "text/csv" },
    });
    expect(answer.json()).toMatchObject({ status: 404, code: "uploads_off" });
  });
});

it("closes a connection whose JSON does not arrive in time", async () => {
  await listen({ requestTimeoutMs: 50 });
  const socket = begin("/v1/loads", 1000, "application/json");
  socket.write("{");
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});
