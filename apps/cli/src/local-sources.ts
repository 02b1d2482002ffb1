/** Files of this machine and standard input as sources of a load: sent to the API, they become URIs. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { type LocalSource, upload } from "./api/upload.ts";
import type { ApiSession } from "./command-context.ts";
import { CliError } from "./errors.ts";
import { showBytes } from "./show/measures.ts";
import { meanRate, showPace } from "./show/pace.ts";
import { isUri } from "./source-flags.ts";

/**
 * Sends each in turn and gives the `source` of a request for them. Nothing is sent unless all can be
 * read. Throws CliError: usage, and what sending throws.
 */
export async function sendLocal(
  session: ApiSession,
  sources: readonly string[],
  options: {
    readonly stdin: NodeJS.ReadableStream;
    readonly manifest: boolean;
    readonly suffix: string | undefined;
  },
): Promise<{ uri: string } | { keys: readonly string[] }> {
  const { client, terminal, signal } = session;
  const uri = sources.find(isUri);
  if (uri !== undefined)
    throw new CliError("usage", `${uri} and files of this machine cannot be one load`);
  if (options.manifest || options.suffix !== undefined)
    throw new CliError(
      "usage",
      "--manifest and --suffix are for URIs, not for files of this machine",
    );
  if (sources.filter((each) => each === "-").length > 1)
    throw new CliError("usage", "standard input (-) can be named once only");
  // All are looked at before the first is sent.
  const files = await Promise.all(
    sources.map((each) => (each === "-" ? standardInput(options.stdin) : localFile(each))),
  );
  const uris: string[] = [];
  for (const file of files) {
    const rate = meanRate(0);
    const sent = await upload(client, file, {
      signal,
      report: terminal.note,
      onBytes: (bytes) => terminal.progress(progressLine(file, bytes, rate(bytes)), file.label),
    });
    uris.push(sent.uri);
  }
  const [only = "", ...more] = uris;
  return more.length === 0 ? { uri: only } : { keys: uris };
}

function progressLine(file: LocalSource, bytes: number, bytesPerSecond = 0): string {
  const whole = file.bytes === undefined ? "" : ` of ${showBytes(file.bytes)}`;
  const pace = showPace(bytesPerSecond, (file.bytes ?? bytes) - bytes);
  return [`sending ${file.label}`, `${showBytes(bytes)}${whole}`, ...pace].join("  ");
}

/** A regular file. Throws CliError (usage) for anything else. */
export async function localFile(file: string): Promise<LocalSource> {
  const found = await stat(file).catch((cause: unknown) => {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    const hint = code === "ENOENT" ? "; a URI begins with s3:// or file:///" : "";
    throw new CliError("usage", `cannot read the file ${file} (${code})${hint}`, { cause });
  });
  if (found.isDirectory())
    throw new CliError("usage", `${file} is a folder: name its files, such as ${file}/*.csv`);
  if (!found.isFile())
    throw new CliError("usage", `${file} is not a regular file; use - for a pipe`);
  if (found.size === 0) throw new CliError("usage", `${file} is empty`);
  const open = (): NodeJS.ReadableStream => createReadStream(file);
  return { label: file, name: basename(file), bytes: found.size, open, repeatable: true };
}

/** Standard input, sent as it comes. */
export function standardInput(stdin: NodeJS.ReadableStream): LocalSource {
  return {
    ...{ label: "standard input", name: undefined, bytes: undefined },
    ...{ open: () => stdin, repeatable: false },
  };
}
