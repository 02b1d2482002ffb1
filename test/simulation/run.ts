/**
 * `npm run simulate`: many seeds of the deterministic simulation, or one of them with its trace, or
 * each seeded bug until it is caught. What it has to tell goes to stderr; with `--json` the last line
 * of stdout is one JSON object.
 */
import { parseArgs } from "node:util";
import { runBugs } from "./run-bugs.ts";
import { runMany } from "./run-many.ts";
import { runTraced } from "./run-traced.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string", default: "0" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    bug: { type: "string" },
    bugs: { type: "boolean", default: false },
    processes: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});

const number = (text: string, name: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`--${name} is ${text}, and must be a whole number of 0 or more`);
};

const shared = {
  from: number(values.from, "from"),
  processes: number(values.processes, "processes"),
  bug: values.bug,
};
const report = values.bugs
  ? await runBugs({ ...shared, seeds: number(values.seeds ?? "500", "seeds") })
  : values.seed === undefined
    ? await runMany({ ...shared, seeds: number(values.seeds ?? "2000", "seeds") })
    : await runTraced({ ...shared, seed: number(values.seed, "seed"), showsTrace: values.trace });
if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
if (!report.ok) process.exitCode = 1;
