/** What a run has left behind: in the emulator, in Redis, in the logs. */
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { StateReport } from "@headgate/emulator";
import type { Environment } from "./environment.ts";
import { addVerdicts, type EndedLoad, judgeObject, noRows, type Verdict } from "./judge.ts";
import { canaryCell } from "./workload.ts";

/** The emulator's own account. */
export async function readEmulator({
  emulatorUrl,
}: Pick<Environment, "emulatorUrl">): Promise<StateReport> {
  const answer = await fetch(`${emulatorUrl}/__emulator/state`);
  return (await answer.json()) as StateReport;
}

/** Bulk jobs that hold a permit although everything has ended. */
export function orphansOf({ bulkJobs }: StateReport): readonly string[] {
  return bulkJobs
    .filter(({ state }) => state === "Open" || state === "UploadComplete" || state === "InProgress")
    .map(({ id, object, state, files }) => `${id} of ${object} is ${state}, ${files.length} files`);
}

/** Judges all objects, one after the other. */
export async function judgeAll(
  { emulatorUrl }: Pick<Environment, "emulatorUrl">,
  loads: readonly EndedLoad[],
  how: { readonly mayRepeat: boolean },
): Promise<{ readonly verdict: Verdict; readonly problems: readonly string[] }> {
  let verdict = noRows;
  const problems: string[] = [];
  for (const [object, own] of Map.groupBy(loads, ({ plan }) => plan.object)) {
    const answer = await fetch(`${emulatorUrl}/__emulator/applied/crm/${object}`);
    const lines = answer.ok ? (await answer.text()).split("\n").slice(0, -1) : [];
    const judged = judgeObject(own, lines, how);
    const { rowsMissing, rowsDoubled, rowsForeign } = judged;
    if (rowsMissing + rowsDoubled + rowsForeign > 0)
      problems.push(`${object}: ${JSON.stringify(judged)}`);
    verdict = addVerdicts(verdict, judged);
  }
  return { verdict, problems };
}

/**
 * Keys and entries in Redis of work that is not finished. Once every load has ended there must be none:
 * places in line, permits, live bulk jobs, notes of the outbox, unfinished loads of clients, returned
 * parts, tasks of loads and bulk jobs that have not ended, and records of loads and bulk jobs that
 * would never expire. Stages of a planning that was killed expire by themselves and do not count.
 */
export async function keysLeft({ redis }: Pick<Environment, "redis">): Promise<readonly string[]> {
  const { client } = redis;
  const left: string[] = [];
  const base = "chaos:{default}:";
  for (const name of ["lines", "permits", "outbox", "ended", "live"]) {
    const members =
      name === "live"
        ? await client.hkeys(base + name)
        : name === "outbox" || name === "ended"
          ? await client.smembers(base + name)
          : await client.zrange(base + name, "0", "-1");
    left.push(...members.map((member) => `${name} ${member}`));
  }
  let cursor = "0";
  do {
    const [next, keys] = await client.scan(cursor, "MATCH", `${base}*`, "COUNT", 1000);
    cursor = next;
    const commands = client.pipeline();
    for (const key of keys) commands.pttl(key);
    const lives = await commands.exec();
    for (const [i, key] of keys.entries()) {
      const name = key.slice(base.length);
      const isForever = Number(lives?.[i]?.[1]) === -1;
      if (/^(line:|pending:|load:[^:]+:returned$)/.test(name)) left.push(name);
      else if (isForever && /^(load|bulk-job|remote):/.test(name)) left.push(`${name} for ever`);
    }
  } while (cursor !== "0");
  for (const queue of ["loads", "bulk-jobs"]) {
    const tasks = `{chaos}:${queue}:`;
    const waiting = [
      ...(await client.lrange(`${tasks}wait`, 0, -1)),
      ...(await client.lrange(`${tasks}active`, 0, -1)),
      ...(await client.zrange(`${tasks}delayed`, "0", "-1")),
      ...(await client.zrange(`${tasks}prioritized`, "0", "-1")),
    ];
    left.push(...waiting.map((id) => `task ${id} of ${queue}`));
  }
  return left;
}

/** Lines of logs that must not be: stack traces, rejections nobody handled, secrets, cell values. */
export async function faultsOfLogs({
  logFolder,
  redis,
  secrets,
}: Pick<Environment, "logFolder" | "redis" | "secrets">): Promise<readonly string[]> {
  const faults: string[] = [];
  const canaries = Object.entries({ ...secrets, "cell value": canaryCell });
  const look = async (path: string, alsoTraces: boolean): Promise<void> => {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      for (const [name, text] of canaries)
        if (text !== "" && line.includes(text)) faults.push(`${path}: holds the ${name}`);
      if (alsoTraces && isTrace(line)) faults.push(`${path}: ${line.slice(0, 400)}`);
    }
  };
  for (const name of await readdir(logFolder)) await look(join(logFolder, name), true);
  for (const name of await readdir(redis.appendOnlyFolder))
    await look(join(redis.appendOnlyFolder, name), false);
  return [...new Set(faults)];
}

function isTrace(line: string): boolean {
  return /^\s+at .+:\d+:\d+\)?$|\\n\s+at .+:\d+:\d+|unhandled ?rejection|uncaught ?exception/i.test(
    line,
  );
}
