/**
 * `npm run fullscale`: one load of 100 parts of 150 MB through one worker process, measured. The
 * source objects are worked out when they are read, and the emulator counts and hashes what arrives,
 * so nothing of it is stored. The last line of stdout is the result as JSON, progress goes to stderr.
 * Exit code 0 where every bar of verdict.ts holds, 1 where not, 2 for wrong arguments.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { maxFilesPerBulkJob, maxPartBytes } from "@headgate/core";
import { createDataSet } from "./data-set.ts";
import { expectedParts, hashOf } from "./expected-parts.ts";
import { runLoad } from "./run-load.ts";
import { startSurroundings } from "./surroundings.ts";
import { resultOf } from "./verdict.ts";

interface Options {
  readonly parts: number;
  readonly partBytes: number;
  readonly json: boolean;
}

const usage = `usage: npm run fullscale -- [--parts <n>] [--part-mb <n>] [--json]

  --parts <n>    files of the bulk job, 1 to ${maxFilesPerBulkJob} (default ${maxFilesPerBulkJob})
  --part-mb <n>  MB (10^6 bytes) of a file, 1 to 150 (default 150; less needs a worker tuned so)
  --json         nothing on stdout but the result
`;

const startedAt = performance.now();

function say(line: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stderr.write(`${seconds.padStart(7)} s  ${line}\n`);
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      parts: { type: "string", default: String(maxFilesPerBulkJob) },
      "part-mb": { type: "string", default: String(maxPartBytes / 1e6) },
      json: { type: "boolean", default: false },
    },
  });
  const within = (name: "parts" | "part-mb", most: number): number => {
    const number = Number(values[name]);
    if (Number.isInteger(number) && number >= 1 && number <= most) return number;
    throw new TypeError(`--${name} is ${values[name]}, must be 1 to ${most}`);
  };
  return {
    parts: within("parts", maxFilesPerBulkJob),
    partBytes: within("part-mb", maxPartBytes / 1e6) * 1e6,
    json: values.json,
  };
}

/** Undefined, with the usage told, for wrong arguments. */
function optionsOrUsage(): Options | undefined {
  try {
    return readOptions();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return undefined;
  }
}

async function main({ parts, partBytes, json }: Options, signal: AbortSignal): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-fullscale-"));
  const cleanUps: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const objects = createDataSet({ parts, partBytes });
    const expected = expectedParts(objects, partBytes);
    const sourceBytes = objects.reduce((sum, { bytes }) => sum + bytes, 0);
    say(`${objects.length} source objects of ${(sourceBytes / 1e9).toFixed(2)} GB in all`);
    const surroundings = await startSurroundings({ objects, partBytes, folder, cleanUps });
    const tunedPartBytes = partBytes === maxPartBytes ? undefined : partBytes;
    const measured = await runLoad({
      ...{ surroundings, folder, tunedPartBytes, sourceBytes },
      ...{ say, signal },
    });
    say("working out what should have arrived");
    const hashed = expected.map((part) => ({ ...part, sha256: hashOf(part) }));
    const result = resultOf({ ...measured, expected: hashed });
    if (!json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.ok ? 0 : 1;
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }
}

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const)
  process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
const options = optionsOrUsage();
process.exitCode = options === undefined ? 2 : await main(options, stop.signal);
