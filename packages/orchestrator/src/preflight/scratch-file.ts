/**
 * Scratch space in one file that has no name: it is removed as soon as it is open, so its space is
 * given back when it is closed or the process ends, however that comes about.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { BulkError } from "@headgate/core";
import type { Scratch } from "../ports.ts";

interface Extent {
  readonly from: number;
  readonly length: number;
}

/**
 * Opens scratch space on the disk of `folder`, which is made where it is missing. Throws ERR_SCRATCH,
 * as all calls do, with the fields `folder`, `cause` (such as ENOSPC) and `bytes` written so far.
 * `id` must be new.
 */
export async function openScratchFile(folder: string, id: string): Promise<Scratch> {
  const file = await guarded(0, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `headgate-${id}.scratch`);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
    const opened = await open(path, flags, 0o600);
    await unlink(path);
    return opened;
  });
  const partitions = new Map<string, Extent[]>();
  let written = 0;

  async function guarded<T>(bytes: number, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw scratchError(folder, bytes, error);
    }
  }

  return {
    async append(partition, bytes) {
      const from = written;
      written += bytes.length;
      await guarded(from, () => writeAll(file, bytes, from));
      const extents = partitions.get(partition) ?? [];
      extents.push({ from, length: bytes.length });
      partitions.set(partition, extents);
    },
    async *read(partition, { signal }) {
      const extents = partitions.get(partition) ?? [];
      const room = new Uint8Array(Math.max(0, ...extents.map(({ length }) => length)));
      for (const { from, length } of extents) {
        signal.throwIfAborted();
        const bytes = room.subarray(0, length);
        await guarded(written, () => readAll(file, bytes, from));
        yield bytes;
      }
    },
    dispose: () => file.close(),
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

async function readAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, at + done);
    if (bytesRead === 0) throw new Error("the scratch file is shorter than was written");
    done += bytesRead;
  }
}

function scratchError(folder: string, bytes: number, error: unknown): BulkError {
  const cause = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  return new BulkError(
    "ERR_SCRATCH",
    `scratch space in ${folder} cannot be used after ${bytes} bytes: ${cause}`,
    { fields: { folder, bytes, cause }, cause: error },
  );
}
