/** Arguments of a run. */
import { parseArgs } from "node:util";

export interface ChaosOptions {
  readonly seed: string;
  /** Time over which faults are done. */
  readonly spanMs: number;
  /** Longest time that all loads may take to end after the last fault. */
  readonly settleMs: number;
  readonly loadsPerMinute: number;
  readonly objects: number;
  /** How many times as often as usual faults come. */
  readonly pace: number;
  readonly redisLoss: boolean;
  readonly crashPoints: boolean;
  /** How often each crash point is visited at least. */
  readonly visits: number;
  readonly s3: string | undefined;
  readonly json: boolean;
  readonly keep: boolean;
}

export const usage = `Usage: npm run chaos -- [options]

  --minutes N         time of disturbance; default 1
  --seed S            what is done and when; default a fresh one, which is told
  --pace F            faults come F times as often; default 1, which is too much for a machine under load
  --redis-loss        Redis may also be flushed, or come back as an older copy
  --crash-points      visit every named crash point instead
  --visits N          how often each at least; default 3
  --loads N           loads a minute; default 44
  --objects N         objects; default 3, of runs above 2 minutes 6
  --settle-seconds N  longest time to the end of all loads; default 240
  --s3 URL            an S3 server (http) in place of the stand-in, keys by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
  --keep              keep the run's folder also when it passes
  --json              end with one line of JSON on stdout
`;

/** Parses the arguments. Throws TypeError for one that is wrong. */
export function readOptions(argv: readonly string[], freshSeed: () => string): ChaosOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: "string", default: "1" },
      seed: { type: "string" },
      pace: { type: "string", default: "1" },
      "redis-loss": { type: "boolean", default: false },
      "crash-points": { type: "boolean", default: false },
      visits: { type: "string", default: "3" },
      loads: { type: "string", default: "44" },
      objects: { type: "string" },
      "settle-seconds": { type: "string", default: "240" },
      s3: { type: "string" },
      keep: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const minutes = positive("minutes", values.minutes);
  return {
    seed: values.seed ?? freshSeed(),
    spanMs: minutes * 60_000,
    settleMs: positive("settle-seconds", values["settle-seconds"]) * 1000,
    loadsPerMinute: positive("loads", values.loads),
    objects: positive("objects", values.objects ?? (minutes > 2 ? "6" : "3")),
    pace: positive("pace", values.pace),
    redisLoss: values["redis-loss"],
    crashPoints: values["crash-points"],
    visits: positive("visits", values.visits),
    s3: values.s3,
    json: values.json,
    keep: values.keep,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new TypeError(`--${name} must be a number above 0 (seen: ${text})`);
}
