/** The commands of README.md's "A load by hand", run as they stand there but for ports, folder and Redis. */
import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterEach, expect, inject, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** The block below the mark, or an error: a README without it must not pass. */
async function commands(): Promise<string> {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const block = /<!-- walkthrough:[^>]*-->\n```bash\n([\s\S]*?)```/.exec(readme)?.[1];
  if (block === undefined) throw new Error("README.md has no walkthrough");
  return block;
}

/** Replaces text that must be there. */
function put(script: string, from: string | RegExp, to: string): string {
  const changed = script.replaceAll(from, to);
  if (changed === script) throw new Error(`the walkthrough no longer has ${from}`);
  return changed;
}

it("brings the README's load from a file to the emulator", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headgate-walkthrough-"));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  const prefix = `walk-${randomBytes(6).toString("hex")}`;
  const redis = new Redis(inject("redisUrl"));
  cleanUps.push(async () => {
    const keys = await redis.keys(`*${prefix}*`);
    if (keys.length > 0) await redis.del(...keys);
    redis.disconnect();
  });
  const [api, emulator] = [await freePort(), await freePort()];

  let script = await commands();
  script = put(script, "/tmp/headgate", folder);
  script = put(script, "8443", String(emulator));
  script = put(script, /^redis-server.*$/gm, "");
  script = put(script, "redis://127.0.0.1:6390", inject("redisUrl"));
  // A machine with Node, npm and git alone has neither openssl nor curl.
  script = put(script, /^openssl .*$/gm, "");
  script = put(
    script,
    /^curl -s (\S+)$/gm,
    `node -e 'fetch("$1").then((r) => r.text()).then(console.log)'`,
  );
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(join(folder, "tenant.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(join(folder, "tenant.crt"), publicKey.export({ type: "spki", format: "pem" }));

  const bash = spawn("bash", ["-c", `set -e\n${script}\nkill $(jobs -p); wait`], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      HEADGATE__API__PORT: String(api),
      // A busy machine takes longer to start the API than people wait to type the next line.
      HEADGATE_RETRIES: "10",
      HEADGATE_API_URL: `http://127.0.0.1:${api}`,
      HEADGATE__REDIS__PREFIX: prefix,
      HEADGATE__REDIS__ALLOW_VOLATILE: "true",
    },
  });
  cleanUps.push(async () => {
    if (bash.pid !== undefined && bash.exitCode === null) process.kill(-bash.pid, "SIGKILL");
  });
  const [stdout, stderr] = await Promise.all([text(bash.stdout), text(bash.stderr)]);

  expect(stdout, stderr).toContain("state     complete");
  expect(stdout).toContain("1 of 20 used");
  const state = stdout.split("\n").find((line) => line.startsWith('{"now"'));
  expect(JSON.parse(state ?? "{}").objects).toMatchObject([{ object: "orders", keysHeld: 2 }]);
}, 60_000);
