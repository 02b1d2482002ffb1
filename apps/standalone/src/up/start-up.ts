/** `headgate up`: API and worker in one process, on one machine. */
import { rename, writeFile } from "node:fs/promises";
import { type Environment, loadConfig } from "@headgate/config";
import type { Emulator } from "@headgate/emulator";
import { startPrivateRedis } from "../redis/private-redis.ts";
import { checkFirst, type First, type FirstOptions } from "./check-first.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { type EmulatedSchemas, startEmulators } from "./emulators.ts";
import { createLineLogger, type Log } from "./line-logger.ts";
import { readSecrets, type UpSecrets } from "./secrets.ts";
import { emulatedLogin, emulatorApp, machineSettings, namesRedis } from "./up-environment.ts";

/** What is started, and where it keeps its data. */
export interface UpOptions extends FirstOptions {
  /** Folder that `file:///` sources may lie in where headgate.yaml names none. */
  readonly workingFolder: string;
  /** Told what is done, such as the installation of Redis. */
  readonly report: (line: string) => void;
  /** Takes the log, a line an entry, from the configured level on. */
  readonly log: Log;
}

/** What runs, until `close`. */
export interface RunningUp {
  readonly apiUrl: string;
  /** Emulators by connection. */
  readonly emulators: ReadonlyMap<string, string>;
  /** `private`, in the data folder, or `given` by the configuration. */
  readonly redis: "private" | "given";
  readonly data: DataFolder;
  /** Longest time that `close` should be given, as configured for workers. */
  readonly stopMs: number;
  readonly boardPasswordFile: string | undefined;
  /** Settles when the private Redis has ended by itself, which leaves nothing to work on. */
  readonly redisEnded: Promise<void>;
  /** Resolves when the worker has stopped taking tasks by itself, for good. */
  readonly workerDead: Promise<void>;
  /** Gives the tasks under way back and ends everything; what is stored stays. */
  close(): Promise<void>;
}

/**
 * Starts everything and resolves when it is ready. Configuration, schemas, data folder and port are
 * checked before anything is made. Throws ERR_CONFIG, ERR_REDIS_AWAY, and what the worker and the API
 * throw; then nothing is left running.
 */
export async function startUp(options: UpOptions): Promise<RunningUp> {
  const cleanUps: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    const first = await checkFirst(options);
    const data = await openDataFolder(options.dataFolder);
    cleanUps.push(() => data.release());
    const secrets = await readSecrets(data.secrets);
    // API and worker are large; what is wrong with the configuration is told before they are read.
    const { startPrograms } = await import("./programs.ts");
    const redis = await provideRedis(options, { data, first, cleanUps });
    const emulators = await provideEmulators(first.schemas, { secrets, cleanUps });
    const loaded = loadConfig({
      path: first.path,
      environment: {
        ...first.environment,
        ...machineSettings(first.config, {
          ...{ data, secrets, workingFolder: options.workingFolder },
          ...{ redisUrl: redis?.url, port: options.port },
        }),
        ...loginsAt(emulators, secrets),
      },
    });
    const logger = createLineLogger(loaded.config.logLevel, options.log);
    const programs = await startPrograms(loaded, logger);
    cleanUps.push(() => programs.close());
    await writeCliFile(data.cliFile, { apiUrl: programs.apiUrl, apiKey: secrets.apiKey });
    return {
      apiUrl: programs.apiUrl,
      emulators: new Map([...emulators].map(([name, { url }]) => [name, url])),
      redis: redis === undefined ? "given" : "private",
      data,
      stopMs: loaded.config.worker.stopSeconds * 1000,
      boardPasswordFile: loaded.config.api.board?.passwordFile,
      redisEnded: redis?.ended ?? new Promise(() => {}),
      workerDead: programs.workerDead,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type CleanUps = (() => unknown)[];

/** Undefined where the configuration names one. */
async function provideRedis(
  { environment, report }: UpOptions,
  { data, first, cleanUps }: { data: DataFolder; first: First; cleanUps: CleanUps },
) {
  if (namesRedis(first.path, environment)) return undefined;
  const redis = await startPrivateRedis({ folder: data.redis, report });
  cleanUps.push(() => redis.close());
  return redis;
}

async function provideEmulators(
  schemas: EmulatedSchemas,
  { secrets, cleanUps }: { secrets: UpSecrets; cleanUps: CleanUps },
): Promise<ReadonlyMap<string, Emulator>> {
  if (schemas.size === 0) return new Map();
  const login = { ...emulatorApp, privateKey: secrets.emulatorKey };
  const emulators = await startEmulators(schemas, login);
  for (const each of emulators.values()) cleanUps.push(() => each.close());
  return emulators;
}

function loginsAt(emulators: ReadonlyMap<string, Emulator>, secrets: UpSecrets): Environment {
  const keyFile = secrets.emulatorKeyFile;
  return Object.assign(
    {},
    ...[...emulators].map(([name, { url }]) => emulatedLogin(name, { url, keyFile })),
  );
}

/** URL and key, for commands of this user on this machine; replaced whole or not at all. */
async function writeCliFile(
  path: string,
  content: { readonly apiUrl: string; readonly apiKey: string },
): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}
