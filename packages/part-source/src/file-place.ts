/** What a file source may touch: regular files whose real path lies under one root. */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, readlink, realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  type Address,
  BulkError,
  bytes,
  checkPlainPath,
  formatUri,
  type SourceObject,
  uriError,
} from "@headgate/core";

/** Throws ERR_SOURCE_URI unless the path, as written, is plain and lies at or under the root. */
export function checkInsideRoot(root: string, address: Address): void {
  checkPlainPath(address, formatUri(address));
  if (!isInside(root, address.key))
    throw uriError(formatUri(address), "is outside the root for files");
}

/** Whether a path is the root or lies under it, as text. */
export function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);
}

/**
 * Pins a regular file, or answers undefined where there is none or a folder. Symbolic links are
 * followed inside the root. Throws ERR_SOURCE_URI for links that lead out and for pipes and devices,
 * ERR_SOURCE_FORBIDDEN, ERR_SOURCE_UNREADABLE.
 */
export async function findFile(root: string, address: Address): Promise<SourceObject | undefined> {
  checkInsideRoot(root, address);
  const uri = formatUri(address);
  try {
    const real = await realPathInside(root, address);
    const facts = await stat(real, { bigint: true });
    const realUri = formatUri({ ...address, key: await pathBelow(root, real) });
    if (facts.isDirectory()) return undefined;
    if (!facts.isFile()) throw uriError(uri, "is not a regular file");
    const object = { uri, bytes: bytes(Number(facts.size)), pin: pinOf(facts) };
    return realUri === uri ? object : { ...object, realUri };
  } catch (error) {
    const failure = fromFileError(error, `looking up ${uri}`, uri);
    if (failure.code === "ERR_SOURCE_NOT_FOUND") return undefined;
    throw failure;
  }
}

/** A real path as it is reached by the root, which may be a link itself. */
async function pathBelow(root: string, real: string): Promise<string> {
  return join(root, relative(await realpath(root), real));
}

/** Opens a regular file for reading, without ever waiting for the other end of a pipe. */
export async function openFile(root: string, address: Address): Promise<FileHandle> {
  checkInsideRoot(root, address);
  const real = await realPathInside(root, address);
  // Not to follow a link put there since the path was resolved.
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await checkOpened(root, address, handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Throws ERR_SOURCE_URI where an open file lies outside the root: a folder on its way may have become a
 * link since the path was resolved. Asks the kernel what was opened, where it tells (Linux).
 */
export async function checkOpened(
  root: string,
  address: Address,
  handle: FileHandle,
): Promise<void> {
  const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
  if (opened !== undefined && !isInside(await realpath(root), opened)) throw leadsOut(address);
}

/** The real path. Throws ERR_SOURCE_URI where a link leads out of the root. */
export async function realPathInside(root: string, address: Address): Promise<string> {
  const real = await realpath(address.key);
  if (!isInside(await realpath(root), real)) {
    throw leadsOut(address);
  }
  return real;
}

function leadsOut(address: Address): BulkError {
  return uriError(formatUri(address), "leads out of the root for files by a symbolic link");
}

/**
 * Inode and time of last change; the size stands beside it. Not the device number, which is another
 * one on each worker of a network file system, and after each mount.
 */
export function pinOf(facts: BigIntStats): string {
  return `${facts.ino}:${facts.mtimeNs}`;
}

/** The BulkError for an error of the file system; a BulkError stays as it is. */
export function fromFileError(error: unknown, doing: string, uri: string): BulkError {
  if (error instanceof BulkError) return error;
  const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return new BulkError(codeOf(reason), `${doing} failed: ${reason}`, {
    fields: { uri, reason },
    cause: error,
  });
}

function codeOf(reason: string) {
  switch (reason) {
    case "ENOENT":
    case "ENOTDIR":
    case "ENAMETOOLONG":
      return "ERR_SOURCE_NOT_FOUND";
    case "EACCES":
    case "EPERM":
      return "ERR_SOURCE_FORBIDDEN";
    case "ELOOP":
      return "ERR_SOURCE_URI";
    default:
      return "ERR_SOURCE_UNREADABLE";
  }
}
