/** The room that uploads have: what one client's files may hold in sum, and what the disk keeps free. */
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { BulkError } from "@headgate/core";

export interface UploadRoomOptions {
  /** Must be there. */
  readonly folder: string;
  /** Most bytes of all files of one client. */
  readonly maxBytesPerClient: number;
  /** Bytes of the disk that stay free, so that uploads stop before a Redis beside them does. */
  readonly reserveBytes: number;
}

/** Counts one file while it comes in. */
export interface FileRoom {
  /** Throws ERR_UPLOAD_FAILED where there is no room for these further bytes. */
  take(bytes: number): Promise<void>;
  /** The file is stored, or gone. */
  close(isStored: boolean): void;
}

export interface UploadRoom {
  /** Throws ERR_UPLOAD_FAILED where there is no room for the bytes that are announced. */
  begin(client: string, announcedBytes: number): Promise<FileRoom>;
}

/** Bytes between two looks at the disk. */
const lookEveryBytes = 16_000_000;

/** What is known of one client while files of it come in. */
interface Account {
  /** Files that come in now, and their bytes so far. */
  open: number;
  comingIn: number;
  /** Bytes of all files that were stored since the account was opened. */
  finished: number;
  /** Bytes that lay in the folder at the last look, and `finished` as it was before that. */
  seen: { readonly bytes: number; readonly finished: number };
}

/** Files on their way in are counted in this process only: several APIs may pass the bound by what they then receive. */
export function createUploadRoom(options: UploadRoomOptions): UploadRoom {
  const { folder, maxBytesPerClient } = options;
  const accounts = new Map<string, Account>();

  return {
    async begin(client, announcedBytes) {
      const account = accounts.get(client) ?? newAccount();
      accounts.set(client, account);
      account.open++;
      let taken = 0;
      let looked = 0;
      const check = (further: number): void => {
        const { comingIn, finished, seen } = account;
        const bytes = seen.bytes + finished - seen.finished + comingIn + further;
        if (bytes > maxBytesPerClient) throw clientIsFull(client, bytes, maxBytesPerClient);
      };
      const close = (isStored: boolean): void => {
        account.open--;
        account.comingIn -= taken;
        if (isStored) account.finished += taken;
        if (account.open === 0) accounts.delete(client);
      };
      try {
        const { finished } = account;
        account.seen = { bytes: await bytesIn(join(folder, client)), finished };
        check(Math.max(announcedBytes, 1));
        await checkDisk(options, client, announcedBytes);
      } catch (error) {
        close(false);
        throw error;
      }
      return {
        async take(bytes) {
          taken += bytes;
          account.comingIn += bytes;
          check(0);
          if (taken - looked < lookEveryBytes) return;
          looked = taken;
          await checkDisk(options, client, 0);
        },
        close,
      };
    },
  };
}

function newAccount(): Account {
  return { open: 0, comingIn: 0, finished: 0, seen: { bytes: 0, finished: 0 } };
}

async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  // A sweep may remove it meanwhile.
  for (const name of await readdir(folder))
    sum += (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0;
  return sum;
}

async function checkDisk(
  { folder, reserveBytes }: UploadRoomOptions,
  client: string,
  bytes: number,
): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const bytesFree = bavail * bsize;
  if (bytesFree - bytes >= reserveBytes) return;
  throw new BulkError(
    "ERR_UPLOAD_FAILED",
    `the disk of the upload folder has ${bytesFree} bytes free, and ${reserveBytes} stay free`,
    { fields: { client, reason: "disk", bytesFree, reserveBytes } },
  );
}

function clientIsFull(client: string, bytesSeen: number, bytesAllowed: number): BulkError {
  return new BulkError(
    "ERR_UPLOAD_FAILED",
    `files of ${client} would have ${bytesSeen} bytes in all; they may have ${bytesAllowed}`,
    { fields: { client, reason: "client", bytesSeen, bytesAllowed } },
  );
}
