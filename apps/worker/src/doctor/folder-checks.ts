/** Looks at the folders on this machine. */
import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { HeadgateConfig } from "@headgate/config";
import { type Check, type CheckName, fail, ok, skip, warn } from "./check.ts";

/** The parts of a configuration that name folders. */
export type FoldersConfig = Pick<HeadgateConfig, "sources" | "worker">;

interface Wanted {
  readonly setting: string;
  readonly writable: boolean;
  /** Whether its files are customers' data that nobody else should read. */
  readonly closed: boolean;
}

/** Folder of `file:///` sources, folder of uploads, and scratch space. Nothing is written. */
export async function folderChecks({ sources, worker }: FoldersConfig): Promise<readonly Check[]> {
  const files = { id: "folder.files", title: "Folder of file:/// sources" };
  const uploads = { id: "folder.uploads", title: "Folder of uploads" };
  const scratch = { id: "folder.scratch", title: "Scratch space" };
  return await Promise.all([
    sources.filesRoot === undefined
      ? skip(files, "sources.filesRoot is not set: file:/// sources are refused")
      : folderCheck(files, sources.filesRoot, {
          setting: "sources.filesRoot",
          writable: false,
          closed: false,
        }),
    sources.uploads === undefined
      ? skip(uploads, "sources.uploads is not set: clients cannot send files")
      : folderCheck(uploads, sources.uploads.folder, {
          setting: "sources.uploads.folder",
          writable: true,
          closed: true,
        }),
    folderCheck(scratch, worker.scratchFolder ?? tmpdir(), {
      setting: "worker.scratchFolder",
      writable: true,
      closed: false,
    }),
  ]);
}

async function folderCheck(name: CheckName, path: string, wanted: Wanted): Promise<Check> {
  const { setting, writable, closed } = wanted;
  const rights = writable ? "read, write and enter" : "read and enter";
  try {
    const facts = await stat(path);
    if (!facts.isDirectory())
      return fail(name, `${path} is not a folder`, `set ${setting} to a folder`);
    await access(path, constants.R_OK | constants.X_OK | (writable ? constants.W_OK : 0));
    const mode = `0${(facts.mode & 0o777).toString(8)}`;
    if (closed && (facts.mode & 0o007) !== 0)
      return warn(name, `${path} is open to all users (${mode})`, `chmod 0770 ${path}, or 0700`);
    const { bavail, bsize } = await statfs(path);
    const room = writable ? `, ${((bavail * bsize) / 1e9).toFixed(1)} GB free` : "";
    return ok(name, `${path} (${mode})${room}`);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return fail(
      name,
      `${path} cannot be used: ${reason}`,
      reason === "ENOENT"
        ? `make the folder, or change ${setting}`
        : `this user must be able to ${rights} it`,
    );
  }
}
