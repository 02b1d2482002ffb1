/** The folder in which `headgate up` keeps everything, and the lock that makes it one process's. */
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BulkError } from "@headgate/core";

/** Places in the folder. All are for its user only. */
export interface DataFolder {
  readonly path: string;
  /** Redis's append-only file. */
  readonly redis: string;
  /** Files sent to the API. */
  readonly uploads: string;
  /** Keys and passwords made at the first start. */
  readonly secrets: string;
  /** URL and key for the CLI of this user. */
  readonly cliFile: string;
  /** Lets the next process in. */
  release(): void;
}

const lockName = "lock";

/** Where the places of a data folder are; nothing is made or read. */
export function placesIn(path: string): Omit<DataFolder, "release"> {
  return {
    path,
    redis: join(path, "redis"),
    uploads: join(path, "uploads"),
    secrets: join(path, "secrets"),
    cliFile: join(path, "cli.json"),
  };
}

/** Throws what `openDataFolder` would throw of a folder that is there, and makes nothing. */
export async function checkDataFolder(path: string): Promise<void> {
  await explained(path, async () => {
    if (await holdsLock(path)) (await takeLock(path)).close();
  });
}

/**
 * Makes the folder, mode 0700, and takes its lock. The lock is one of the kernel's, on an SQLite
 * file: it is gone with the process, however that ends, so there is none to clean up. Throws
 * ERR_CONFIG where another process has it, where the folder holds something else, or cannot be made.
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const places = placesIn(path);
  const lock = await explained(path, async () => {
    await holdsLock(path);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
    const taken = await takeLock(path);
    await writeFile(pidFileIn(path), `${process.pid}\n`, { mode: 0o600 });
    for (const folder of [places.redis, places.uploads, places.secrets])
      await mkdir(folder, { recursive: true, mode: 0o700 });
    return taken;
  });
  return { ...places, release: () => lock.close() };
}

/** Whether the folder was once opened; throws where it is there and something else. */
async function holdsLock(path: string): Promise<boolean> {
  const entries = await readdir(path).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const isOurs = entries.includes(lockName);
  if (entries.length > 0 && !isOurs)
    throw refusal(path, "holds other things; name an empty folder, or one that does not exist");
  return isOurs;
}

async function takeLock(path: string): Promise<DatabaseSync> {
  const lock = new DatabaseSync(join(path, lockName));
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock.close();
    const pid = await readFile(pidFileIn(path), "utf8").catch(() => "unknown");
    throw refusal(path, `is in use by another headgate up, process ${pid.trim()}`, cause);
  }
}

function pidFileIn(path: string): string {
  return join(path, "pid");
}

async function explained<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof BulkError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refusal(path, `cannot be used: ${why}`, cause);
  }
}

function refusal(path: string, why: string, cause?: unknown): BulkError {
  return new BulkError("ERR_CONFIG", `the data folder ${path} ${why}`, {
    fields: { path },
    cause,
  });
}
