/**
 * The folder of files that clients send to the API: `<folder>/<client>/<id>-<name>`. API and workers
 * share it. A file appears there whole, on disk, or not at all.
 */
import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { chmod, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { BulkError, formatUri, isBulkError, parseUri } from "@headgate/core";
import { createUploadRoom, type FileRoom } from "./upload-room.ts";

export interface UploadFolderOptions {
  /** Absolute path; made where it is missing, for its owner only. */
  readonly folder: string;
  /** Most bytes of one file. */
  readonly maxBytes: number;
  /** Most bytes of all files of one client. Default no bound. */
  readonly maxBytesPerClient?: number | undefined;
  /** Bytes of the disk below which nothing is received. Default 1 GB. */
  readonly reserveBytes?: number | undefined;
}

/** A file on its way in. */
export interface ReceivedFile {
  /** Name of the client, as configured. */
  readonly client: string;
  /** File name that the URI ends with, so that `.gz` still says what it is; default "upload". */
  readonly name?: string | undefined;
  /** As the sender says; one that has no room is refused before a byte is read. Default unknown. */
  readonly announcedBytes?: number | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
}

/** A file that is stored. */
export interface StoredUpload {
  readonly uri: string;
  readonly bytes: number;
  /** Of all bytes, in hex. */
  readonly sha256: string;
}

export interface UploadFolder {
  readonly maxBytes: number;
  /**
   * Writes a file whole, mode 0600, or leaves nothing. Throws ERR_UPLOAD_TOO_LARGE, ERR_UPLOAD_FAILED
   * where the disk does not take it, is as full as it may be, or the client's files are as large as they may
   * be in sum; what the body throws, and the signal's reason.
   */
  receive(file: ReceivedFile): Promise<StoredUpload>;
  /** Removes a file; one that is gone already is fine. Throws ERR_SOURCE_URI for a URI of another place. */
  remove(uri: string): Promise<void>;
  /**
   * Removes files that for so long were neither received nor in use, and what a crash has left
   * half-received for a day. Answers the URIs removed.
   */
  sweep(options: {
    readonly olderThanMs: number;
    /** Whether a load that has not ended may read the file. */
    readonly inUse: (uri: string) => boolean;
    readonly nowMs: number;
  }): Promise<readonly string[]>;
  /** `file:///…/<client>/`, where the client's own files lie: a client may always load from there. */
  placeOf(client: string): string;
}

/** Clients are named so in headgate.yaml; nothing else may become a part of a path. */
const clientName = /^[a-z0-9][a-z0-9-]{0,31}$/;
/** Where files lie until they are whole; no client's name. */
const incoming = ".incoming";
const defaultReserveBytes = 1_000_000_000;
const dayMs = 86_400_000;

/** Sets up the folder; nothing is made yet. Throws ERR_CONFIG for a path that is not absolute. */
export function createUploadFolder(options: UploadFolderOptions): UploadFolder {
  const { folder, maxBytes, maxBytesPerClient = Infinity } = options;
  if (!folder.startsWith("/")) {
    throw new BulkError("ERR_CONFIG", `folder for uploads "${folder}" is not an absolute path`, {
      fields: { folder },
    });
  }

  const { reserveBytes = defaultReserveBytes } = options;
  const room = createUploadRoom({ folder, maxBytesPerClient, reserveBytes });

  async function receive(received: ReceivedFile): Promise<StoredUpload> {
    const { client, name, body, announcedBytes = 0, signal } = received;
    checkClient(client);
    signal?.throwIfAborted();
    const id = randomBytes(16).toString("hex");
    const temporary = join(folder, incoming, id);
    const path = join(folder, client, `${id}-${safeName(name)}`);
    let bodyFailed = false;
    let isStored = false;
    let fileRoom: FileRoom | undefined;
    async function* watched() {
      try {
        yield* body;
      } catch (error) {
        bodyFailed = true;
        throw error;
      }
    }
    try {
      for (const place of [incoming, client])
        await mkdir(join(folder, place), { recursive: true, mode: 0o700 });
      fileRoom = await room.begin(client, announcedBytes);
      const { take } = fileRoom;
      const written = await write(temporary, { body: watched(), maxBytes, take, signal });
      await rename(temporary, path);
      await syncFolder(join(folder, client));
      isStored = true;
      return { uri: uriOf(path), ...written };
    } catch (error) {
      // What cannot be removed now is removed by a later sweep.
      for (const left of [temporary, path]) await rm(left, { force: true }).catch(() => {});
      signal?.throwIfAborted();
      throw bodyFailed || isBulkError(error) ? error : notStored(error, client);
    } finally {
      fileRoom?.close(isStored);
    }
  }

  async function sweepClient(
    client: string,
    options: Parameters<UploadFolder["sweep"]>[0],
  ): Promise<readonly string[]> {
    const removed: string[] = [];
    for (const path of await filesOf(join(folder, client))) {
      const uri = uriOf(path);
      // The time of last change of the inode tells when it was last in use: mtime is the pin.
      if (options.inUse(uri)) await markUsed(path);
      else if (await removeOlder(path, options.nowMs - options.olderThanMs)) removed.push(uri);
    }
    return removed;
  }

  return {
    maxBytes,
    receive,
    async remove(uri) {
      const [client = "", name = "", ...more] = relativeTo(folder, uri);
      if (!clientName.test(client) || !isFileName(name) || more.length > 0) {
        throw new BulkError("ERR_SOURCE_URI", `${uri} is not a file of the upload folder`, {
          fields: { uri },
        });
      }
      await rm(join(folder, client, name), { force: true });
    },
    async sweep(options) {
      const clients = (await namesIn(folder)).filter((name) => clientName.test(name));
      const removed: string[] = [];
      for (const client of clients) removed.push(...(await sweepClient(client, options)));
      for (const path of await filesOf(join(folder, incoming)))
        await removeOlder(path, options.nowMs - dayMs);
      return removed;
    },
    placeOf(client) {
      checkClient(client);
      return `${uriOf(join(folder, client))}/`;
    },
  };
}

async function write(
  path: string,
  options: Pick<ReceivedFile, "body" | "signal"> &
    Pick<FileRoom, "take"> & { readonly maxBytes: number },
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const { body, maxBytes, take, signal } = options;
  const hash = createHash("sha256");
  let bytes = 0;
  async function* counted() {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
      await take(chunk.byteLength);
      hash.update(chunk);
      yield chunk;
    }
  }
  const file = await open(path, "wx", 0o600);
  // The stream closes the file, after its bytes are on disk.
  await pipeline(counted, file.createWriteStream({ flush: true }), { signal });
  return { bytes, sha256: hash.digest("hex") };
}

/** Makes sure that a rename outlives a crash of the machine. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  return readdir(path).catch((error: unknown) => {
    if (isGone(error)) return [];
    throw error;
  });
}

async function filesOf(path: string): Promise<readonly string[]> {
  return (await namesIn(path)).map((name) => join(path, name));
}

async function markUsed(path: string): Promise<void> {
  await chmod(path, 0o600).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
}

/** False also where another worker's sweep was faster. */
async function removeOlder(path: string, thanMs: number): Promise<boolean> {
  try {
    const facts = await stat(path);
    if (facts.ctimeMs > thanMs) return false;
    await rm(path);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function checkClient(client: string): void {
  if (clientName.test(client)) return;
  throw new BulkError("ERR_REQUEST_INVALID", "a client of this name cannot send files", {
    fields: { client: client.slice(0, 64) },
  });
}

/** The end of a name, in characters that mean nothing to any file system or glob. */
function safeName(name = "upload"): string {
  return name.replaceAll(/[^A-Za-z0-9._-]/g, "-").slice(-100);
}

function isFileName(name: string): boolean {
  return /^[0-9a-f]{32}-[A-Za-z0-9._-]{0,100}$/.test(name);
}

function uriOf(path: string): string {
  return formatUri({ scheme: "file", container: "", key: path });
}

function relativeTo(folder: string, uri: string): readonly string[] {
  const { key } = parseUri(uri, "file");
  const start = folder.endsWith("/") ? folder : `${folder}/`;
  return key.startsWith(start) ? key.slice(start.length).split("/") : [];
}

function tooLarge(bytesSeen: number, bytesAllowed: number): BulkError {
  return new BulkError(
    "ERR_UPLOAD_TOO_LARGE",
    `the file has more than ${bytesAllowed} bytes, which are allowed`,
    { fields: { bytesSeen, bytesAllowed } },
  );
}

function notStored(error: unknown, client: string): BulkError {
  const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return new BulkError("ERR_UPLOAD_FAILED", `the file could not be stored: ${reason}`, {
    fields: { client, reason },
    cause: error,
  });
}
