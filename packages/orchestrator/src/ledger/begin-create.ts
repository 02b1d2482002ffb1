/**
 * The intent to create, written right before the call is sent. The slot taken at the claim is
 * stamped anew, because the window counts from the sending; a further attempt after one that was or
 * may have been sent takes a slot of its own, for a used one is never given back. An object that
 * another tool has taken since the claim is waited for: the API would refuse the call, slot spent.
 */
import type { EpochMs, WaitReason } from "@headgate/core";
import { z } from "zod";
import { type BulkJobRecord, parseAnswered } from "./bulk-job-record.ts";
import { slotArguments, waitAnswer } from "./claim.ts";
import { type Ledger, runScript } from "./ledger.ts";
import { slotDecision } from "./lua-fragments.ts";

const beginCreateScript = `
${slotDecision}
local key = base .. 'bulk-job:' .. ARGV[9]
if redis.call('HGET', key, 'revision') ~= ARGV[10] then return {'granted', '', '0', {}} end
local slot = 'o:' .. ARGV[9] .. ':' .. ARGV[11]
local wait = window_decision(slot, 1)
if not wait and ARGV[6] == '1' and is_others(redis.call('HGET', key, 'objectKey')) then
  wait = {'object-busy', -1}
end
if wait then return {'wait', wait[1], string.format('%.0f', wait[2]), {}} end
local t = string.format('%.0f', now())
redis.call('ZADD', base .. 'slots', t, slot)
redis.call('HSET', key, 'phase', 'creating', 'createAttempts', ARGV[11], 'createSentAt', t, 'createOutcome', 'unknown')
redis.call('HSET', key, 'revision', stamp())
return {'granted', '', '0', redis.call('HGETALL', key)}
`;

const answer = z.tuple([
  z.enum(["granted", "wait"]),
  z.string(),
  z.coerce.number(),
  z.array(z.string()),
]);

/** Whether the create call may be sent now. */
export type BeginCreateAnswer =
  | { readonly kind: "granted"; readonly record: BulkJobRecord }
  | { readonly kind: "wait"; readonly reason: WaitReason; readonly until?: EpochMs };

/** Throws ERR_LEDGER_FENCED. */
export async function beginCreate(
  ledger: Ledger,
  record: BulkJobRecord,
): Promise<BeginCreateAnswer> {
  const attempt =
    record.createOutcome === "unsent" ? record.createAttempts : record.createAttempts + 1;
  const [kind, reason, until, hash] = answer.parse(
    await runScript(ledger, beginCreateScript, [
      ...slotArguments(ledger, ledger.limits),
      record.id,
      record.revision,
      attempt,
    ]),
  );
  return kind === "wait"
    ? waitAnswer(reason, until)
    : { kind: "granted", record: parseAnswered(ledger, record, hash) };
}
