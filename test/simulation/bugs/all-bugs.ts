/** The seeded bugs. Each is something that someone might well write. */
import type { Bug } from "./bug.ts";

const core = "packages/core/src";
const orchestrator = "packages/orchestrator/src";
const steps = `${orchestrator}/steps`;
const ledger = `${orchestrator}/ledger`;

export const allBugs: readonly Bug[] = [
  {
    name: "fixed window",
    file: `${ledger}/lua-fragments.ts`,
    find: "'-inf', string.format('%.0f', t - window))",
    replace: "'-inf', string.format('%.0f', t - (t % window)))",
  },
  {
    name: "slot stamped at the claim only",
    file: `${ledger}/begin-create.ts`,
    find: "redis.call('ZADD', base .. 'slots', t, slot)",
    replace: "if ARGV[11] ~= '1' then redis.call('ZADD', base .. 'slots', t, slot) end",
  },
  {
    name: "slot given back after a create that may have been sent",
    file: `${ledger}/begin-create.ts`,
    find: 'record.createOutcome === "unsent" ? record.createAttempts : record.createAttempts + 1',
    replace: "Math.max(record.createAttempts, 1)",
  },
  {
    name: "permits end by the clock",
    file: `${ledger}/lua-fragments.ts`,
    find: "local ours = redis.call('ZCARD', base .. 'permits')",
    replace:
      "local ours = #redis.call('ZRANGEBYSCORE', base .. 'permits', string.format('%.0f', now() - 1800000), '+inf')",
  },
  {
    name: "permit given back when a worker dies",
    file: `${steps}/upload-part.ts`,
    find: 'if (record.uploading === "1") return await afterDeath(context, record, due);',
    replace: `if (record.uploading === "1") {
      const { finishBulkJob, lostEnding } = await import("./finish-bulk-job.ts");
      return await finishBulkJob(context, record, lostEnding("its worker died"), signal);
    }`,
  },
  {
    name: "create sent again blindly",
    file: `${steps}/create-bulk-job.ts`,
    find: 'if (record.phase === "creating" && record.createOutcome === "unknown")',
    replace: 'if (record.phase === "creating" && record.createOutcome === "refused")',
  },
  {
    name: "no patience for a create that arrives late",
    file: `${steps}/reconcile-create.ts`,
    find: "if (sinceSent < settings.createGraceMs)",
    replace: "if (sinceSent < 0)",
  },
  {
    name: "two bulk jobs of one object",
    file: `${ledger}/lua-fragments.ts`,
    find: "if redis.call('HEXISTS', base .. 'live', object) == 1 then return {'object-busy', -1} end",
    replace: "",
  },
  {
    name: "other tools' bulk jobs not counted",
    file: `${ledger}/lua-fragments.ts`,
    find: "local foreign = redis.call('HLEN', base .. 'foreign-live')",
    replace: "local foreign = 0",
  },
  {
    name: "gate ignored",
    file: `${ledger}/lua-fragments.ts`,
    find: "if gate > now() then return {'gate', gate} end",
    replace: "",
  },
  {
    name: "created while the history is not known",
    file: `${ledger}/lua-fragments.ts`,
    find: "if frozen > now() then return {'history', frozen} end",
    replace: "",
  },
  {
    name: "claim of a line that has changed",
    file: `${ledger}/claim.ts`,
    find: "if (redis.call('HGET', base .. 'line-versions', object) or '0') ~= version then return {'stale', '', ''} end",
    replace: "",
  },
  {
    name: "a load overtakes one that is being planned",
    file: `${core}/claim-policy.ts`,
    find: "if (room === 0 || !isClaimable(load.state) || load.operation !== head.operation) break;",
    replace:
      "if (room === 0 || load.operation !== head.operation) break;\n    if (!isClaimable(load.state)) continue;",
  },
  {
    name: "no revision in the way of a stale worker",
    file: `${ledger}/bulk-job-record.ts`,
    find: "if redis.call('HGET', key, 'revision') ~= ARGV[2] then return {} end\nfor i = 3",
    replace: "for i = 3",
  },
  {
    name: "an accepted part is written down twice",
    file: `${ledger}/part-progress.ts`,
    find: "if redis.call('HGET', key, 'revision') ~= ARGV[2] then return {} end\nlocal entry = cjson.decode(ARGV[3])",
    replace: "local entry = cjson.decode(ARGV[3])",
  },
  {
    name: "a returned part is lost",
    file: `${ledger}/part-progress.ts`,
    find: "redis.call('ZADD', load .. ':returned', entry.part, entry.part)",
    replace: "",
  },
  {
    name: "an upload without an answer is not counted as a file",
    file: `${steps}/upload-part.ts`,
    find: "filesUsed: record.filesUsed + 1,",
    replace: "filesUsed: record.next + 1,",
  },
  {
    name: "a short source ends as if it were whole",
    file: `${steps}/verified-body.ts`,
    find: "if (records !== plan.records || bytesSeen !== body.bytes)",
    replace: "if (records > plan.records)",
  },
  {
    name: "the header only in the first part",
    file: `${core}/csv/body-pieces.ts`,
    find: 'if (header === "") return body;',
    replace: 'if (header === "" || part.number > 0) return body;',
  },
  {
    name: "closed before the last part is up",
    file: `${steps}/upload-part.ts`,
    find: "  if (due === undefined) {",
    replace: "  if (due === undefined || (record.next > 0 && record.next + 1 === parts.length)) {",
  },
  {
    name: "409 on a close taken for success",
    file: `${steps}/close-bulk-job.ts`,
    find: '      case "ERR_API_CONFLICT":\n      case "ERR_API_NOT_FOUND":',
    replace:
      '      case "ERR_API_CONFLICT":\n        await recordClosed(ledger, record, "UploadComplete");\n        return "next";\n      case "ERR_API_NOT_FOUND":',
  },
  {
    name: "a bulk job that is gone taken for complete",
    file: `${steps}/ask-remote.ts`,
    find: 'return await lost("the API no longer has the bulk job");',
    replace: 'return await decide("JobComplete");',
  },
  {
    name: "parts of a lost bulk job settled",
    file: `${ledger}/end-bulk-job.ts`,
    find: "if ending == 'complete' then",
    replace: "if ending == 'complete' or ending == 'lost' then",
  },
  {
    name: "idempotency keys live a second",
    file: `${ledger}/idempotency.ts`,
    find: 'redis.set(key, JSON.stringify(mine), "EX", retentionOf(claims), "NX")',
    replace: 'redis.set(key, JSON.stringify(mine), "EX", 1, "NX")',
  },
  {
    name: "a drain spends an attempt",
    file: `${orchestrator}/queue/task-runner.ts`,
    find: 'if (signal.aborted) return { kind: "snooze", until: epochMs(0), reason: "the worker stops" };',
    replace: "",
  },
];

/** Throws RangeError where there is none of this name. */
export function bugNamed(name: string): Bug {
  const bug = allBugs.find((one) => one.name === name);
  if (bug !== undefined) return bug;
  const names = allBugs.map((one) => `"${one.name}"`).join(", ");
  throw new RangeError(`there is no bug "${name}"; there are ${names}`);
}
