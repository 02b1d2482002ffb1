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

/**
 * Makes the folder, mode 0700, and takes its lock. The lock is one of the kernel's, on an SQLite
 * file: it is gone with the process, however that ends, so there is none to clean up. Throws
 * ERR_CONFIG where another process has it, where the folder holds something else, or cannot be made.
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const places = {
    path,
    redis: join(path, "redis"),
    uploads: join(path, "uploads"),
    secrets: join(path, "secrets"),
    cliFile: join(path, "cli.json"),
  };
  let lock: DatabaseSync;
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const entries = await readdir(path);
    if (entries.length > 0 && !entries.includes(lockName))
      throw refusal(path, "holds other things; name an empty folder, or one that does not exist");
    await chmod(path, 0o700);
    lock = await takeLock(path);
    for (const folder of [places.redis, places.uploads, places.secrets])
      await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    if (cause instanceof BulkError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refusal(path, `cannot be used: ${why}`, cause);
  }
  return { ...places, release: () => lock.close() };
}

async function takeLock(path: string): Promise<DatabaseSync> {
  const pidFile = join(path, "pid");
  const lock = new DatabaseSync(join(path, lockName));
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    const pid = await readFile(pidFile, "utf8").catch(() => "unknown");
    throw refusal(path, `is in use by another headgate up, process ${pid.trim()}`, cause);
  }
  await writeFile(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return lock;
}

function refusal(path: string, why: string, cause?: unknown): BulkError {
  return new BulkError("ERR_CONFIG", `the data folder ${path} ${why}`, {
    fields: { path },
    cause,
  });
}
