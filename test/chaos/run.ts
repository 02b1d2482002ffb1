/**
 * `npm run chaos`: headgate on real processes, disturbed. Exit code 0 where everything ended as it must, 1
 * where it did not, 2 for wrong arguments. A run that fails keeps its folder.
 */
import { randomInt } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashRun } from "./crash-run.ts";
import { type ChaosOptions, readOptions, usage } from "./options.ts";
import { randomRun } from "./random-run.ts";

const options = parsed();
if (options !== undefined) process.exitCode = await main(options);

function parsed(): ChaosOptions | undefined {
  try {
    return readOptions(process.argv.slice(2), () => String(randomInt(1, 1_000_000)));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`chaos: ${error.message}\n\n${usage}`);
    process.exitCode = 2;
    return undefined;
  }
}

async function main(chaos: ChaosOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-chaos-"));
  const say = (line: string): void => void process.stderr.write(`chaos: ${line}\n`);
  say(`seed ${chaos.seed}, ${folder}`);
  let ok = false;
  try {
    const report = await (chaos.crashPoints ? crashRun : randomRun)(chaos, folder, say);
    ({ ok } = report);
    const line = JSON.stringify(report);
    await writeFile(join(folder, "report.json"), `${line}\n`);
    if (chaos.json) process.stdout.write(`${line}\n`);
    else say(line);
  } finally {
    if (ok && !chaos.keep) await rm(folder, { recursive: true, force: true });
    else say(`seed ${chaos.seed}: logs, append-only file and report are in ${folder}`);
  }
  return ok ? 0 : 1;
}
