/** Redis over TLS: the server's certificate is verified before a password is sent. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectProducer, connectWorker, whenReady } from "@headgate/orchestrator";
import { startPrivateRedis } from "@headgate/standalone/redis";
import { Redis } from "ioredis";
import { expect, it, onTestFinished } from "vitest";
import { freeLoopbackPort } from "../../apps/standalone/src/free-port.ts";
import {
  certificate,
  certificateKey,
} from "../../packages/ingestion-api/src/loopback-certificate.test-support.ts";

/** A Redis that also listens for TLS, with a certificate that signs itself. */
async function redisWithTls(): Promise<{ readonly url: string; readonly authority: string }> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-tls-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { url, close } = await startPrivateRedis();
  onTestFinished(close);
  const admin = new Redis(url);
  onTestFinished(() => admin.disconnect());
  const authority = join(folder, "ca.pem");
  await writeFile(authority, certificate);
  await writeFile(join(folder, "key.pem"), certificateKey, { mode: 0o600 });
  const port = await freeLoopbackPort();
  await admin.call(
    ...["CONFIG", "SET", "tls-cert-file", authority, "tls-key-file", join(folder, "key.pem")],
    ...["tls-ca-cert-file", authority, "tls-auth-clients", "no", "tls-port", String(port)],
  );
  const { password } = new URL(url);
  return { url: `rediss://:${password}@127.0.0.1:${port}`, authority };
}

it("is not used where nobody that is trusted has signed its certificate", async () => {
  const { url } = await redisWithTls();
  for (const connect of [connectProducer, connectWorker]) {
    const redis = connect(url);
    onTestFinished(() => redis.disconnect());
    const { promise, resolve } = Promise.withResolvers<Error>();
    redis.on("error", resolve);
    expect(await promise).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    expect(redis.status).not.toBe("ready");
  }
});

it("is used where its authority is named to Node", async () => {
  const { url, authority } = await redisWithTls();
  const program = `
    import { connectProducer, whenReady } from "@headgate/orchestrator";
    const redis = connectProducer(process.env.URL);
    console.log(await whenReady(redis), await redis.ping());
    redis.disconnect();
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@headgate/source", "--input-type=module", "--eval", program],
    {
      cwd: import.meta.dirname,
      env: { PATH: process.env.PATH, URL: url, NODE_EXTRA_CA_CERTS: authority },
    },
  );
  expect(stdout).toBe("true PONG\n");
});

it("is not reached by a URL without TLS", async () => {
  const { url } = await redisWithTls();
  const plain = connectProducer(url.replace("rediss:", "redis:"));
  onTestFinished(() => plain.disconnect());
  expect(await whenReady(plain)).toBe(false);
});
