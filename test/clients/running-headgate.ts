/** A `headgate up` on an emulator as a process of its own, and the account that the emulator keeps. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";

const program = join(import.meta.dirname, "../../apps/cli/src/main.ts");

export interface RunningHeadgate {
  /** Folder whose files the worker may load. */
  readonly folder: string;
  /** What clients need to know, as their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Writes a file; answers its URI. */
  put(name: string, text: string): Promise<string>;
  /** Records that the tenant holds of an object of connector `crm`. */
  held(object: string): Promise<HeldRecords>;
  /** Another tool of the tenant creates a bulk job for an object, which keeps it busy. */
  keepBusy(object: string): Promise<void>;
  close(): Promise<void>;
}

export interface HeldRecords {
  readonly keys: number;
  readonly hash: string;
}

const readyLine = z.looseObject({
  apiUrl: z.string(),
  cliFile: z.string(),
  emulators: z.object({ default: z.string() }),
});
const cliFile = z.looseObject({ apiKey: z.string() });
const stateReport = z.looseObject({
  objects: z.array(
    z.looseObject({ object: z.string(), keysHeld: z.number(), heldHash: z.string() }),
  ),
});

/** Starts on the given Redis, with these objects of two fields, `id` and `total`. */
export async function startHeadgate(
  redisUrl: string,
  objects: readonly string[],
): Promise<RunningHeadgate> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-clients-"));
  await writeFile(join(folder, "crm.yaml"), schemaOf(objects));
  const prefix = `clients-${randomBytes(6).toString("hex")}`;
  const child = spawn(
    process.execPath,
    [
      ...["--conditions=@headgate/source", program, "up", "--json", "--port", "0"],
      ...["--emulator", "--schema", "crm=crm.yaml", "--data", join(folder, ".data")],
    ],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        HEADGATE_REDIS_URL: redisUrl,
        HEADGATE__REDIS__PREFIX: prefix,
        HEADGATE__LOG_LEVEL: "silent",
      },
    },
  );
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    once(child, "exit").then(([code]) => {
      throw new Error(`headgate up ended with ${code}`);
    }),
  ]);
  const ready = readyLine.parse(JSON.parse(String(line)));
  const { apiKey } = cliFile.parse(JSON.parse(await readFile(ready.cliFile, "utf8")));
  const emulator = ready.emulators.default;
  return {
    folder,
    environment: {
      HEADGATE_API_URL: ready.apiUrl,
      HEADGATE_API_KEY: apiKey,
      HEADGATE_REDIS_URL: redisUrl,
      HEADGATE_PREFIX: prefix,
    },
    async put(name, text) {
      await writeFile(join(folder, name), text);
      return `file://${join(folder, name)}`;
    },
    async held(object) {
      const report = stateReport.parse(await (await fetch(`${emulator}/__emulator/state`)).json());
      const found = report.objects.find((each) => each.object === object);
      return { keys: found?.keysHeld ?? 0, hash: found?.heldHash ?? hashOf([]) };
    },
    async keepBusy(object) {
      const issued = await fetch(`${emulator}/__emulator/tokens`, { method: "POST" });
      const { access_token } = z
        .looseObject({ access_token: z.string() })
        .parse(await issued.json());
      const created = await fetch(`${emulator}/api/v1/ingest/jobs`, {
        method: "POST",
        headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
        body: JSON.stringify({ sourceName: "crm", object, operation: "upsert" }),
      });
      if (!created.ok) throw new Error(`the emulator answered ${created.status}`);
    },
    async close() {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The emulator's order-free hash of records, worked out anew: see its README. */
export function hashOf(records: readonly (readonly string[])[]): string {
  const sum = records
    .map((record) => createHash("sha256").update(JSON.stringify(record)).digest())
    .reduce((total, digest) => total + digest.readBigUInt64BE(0), 0n);
  return (sum % 2n ** 64n).toString(16).padStart(16, "0");
}

function schemaOf(objects: readonly string[]): string {
  const fields = "type: object, properties: { id: { type: string }, total: { type: number } }";
  const lines = objects.map((object) => `    ${object}: { ${fields} }\n`);
  return `openapi: 3.0.3\ncomponents:\n  schemas:\n${lines.join("")}`;
}
