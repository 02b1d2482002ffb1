/** The commands that the fleet consists of: their arguments, and how each says that it is ready. */
import { setTimeout as delay } from "node:timers/promises";
import type { ChildProgram } from "./child-program.ts";
import type { Credentials } from "./credentials.ts";
import { packageFile } from "./packages.ts";
import { unlessAborted } from "./unless-aborted.ts";

export const workerCount = 3;
/** From UploadComplete to JobComplete; a real tenant takes minutes. */
export const processingMs = 3000;

/** What differs between the programs. */
export interface StartOptions {
  readonly name: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly isReady: (line: string) => boolean;
}
/** Starts a program and sees to its end. */
export type Start = (program: StartOptions) => ChildProgram;

/** A connector's schema on disk. */
export interface SchemaFile {
  readonly sourceName: string;
  readonly path: string;
}

/** Starts the emulator with its default limits, which are the real ones; gives its URL. */
export async function startEmulator(deps: {
  readonly start: Start;
  readonly credentials: Credentials;
  readonly schemaFiles: readonly SchemaFile[];
  readonly signal: AbortSignal;
}): Promise<string> {
  const { start, credentials, schemaFiles, signal } = deps;
  const emulator = start({
    name: "emulator",
    script: packageFile("@headgate/emulator", "bin/headgate-emulator.mjs"),
    args: [
      "--json",
      "--port=0",
      `--processing-ms=${processingMs}`,
      `--consumer-key=${credentials.consumerKey}`,
      `--user=${credentials.user}`,
      `--public-key=${credentials.publicKeyFile}`,
      ...schemaFiles.map(({ sourceName, path }) => `--schema=${sourceName}=${path}`),
    ],
    isReady: () => true,
  });
  const line = (await unlessAborted(emulator.ready, signal)) || "{}";
  const { url }: { readonly url: string } = JSON.parse(line);
  return url;
}

/** Starts the HTTP API; gives its URL once it answers that it is ready. */
export async function startApi(deps: {
  readonly start: Start;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { start, port, env, signal } = deps;
  const api = start({
    name: "api",
    script: packageFile("@headgate/api", "bin/headgate-api.mjs"),
    env,
    isReady: () => false,
  });
  const url = `http://127.0.0.1:${port}`;
  await unlessAborted(Promise.race([api.ready, answersReady(url, signal)]), signal);
  return url;
}

async function answersReady(apiUrl: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await fetch(`${apiUrl}/readyz`, { signal }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await delay(100, undefined, { signal });
  }
}

/** Starts the workers and resolves when each says that it is ready. */
export async function startWorkers(
  start: Start,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const workers = Array.from({ length: workerCount }, (_, index) =>
    start({
      name: `worker-${index + 1}`,
      script: packageFile("@headgate/worker", "bin/headgate-worker.mjs"),
      env,
      isReady: (line) => line.includes('"msg":"worker.ready"'),
    }),
  );
  const ready = Promise.all(workers.map((worker) => worker.ready));
  await unlessAborted(ready, signal);
}
