/** The seeded bugs. Each is something that someone might well write. */
import type { Bug } from "./bug.ts";

const steps = "packages/orchestrator/src/steps";
const ledger = "packages/orchestrator/src/ledger";

export const allBugs: readonly Bug[] = [
  {
    name: "fixed window",
    file: `${ledger}/lua-fragments.ts`,
    find: "redis.call('ZREMRANGEBYSCORE', base .. 'slots', '-inf', string.format('%.0f', t - window))",
    replace:
      "redis.call('ZREMRANGEBYSCORE', base .. 'slots', '-inf', string.format('%.0f', t - (t % window)))",
  },
];

export function bugNamed(name: string): Bug {
  const bug = allBugs.find((one) => one.name === name);
  if (bug === undefined)
    throw new RangeError(
      `there is no bug "${name}"; there are ${allBugs.map((one) => one.name).join(", ")}`,
    );
  return bug;
}
