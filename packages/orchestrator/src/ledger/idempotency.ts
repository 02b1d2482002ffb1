/**
 * One load for one idempotency key, over all connections of a deployment. The key's claim says which
 * load id it stands for; each connection's ledger, which lies in a hash slot of its own, says what
 * became of that id.
 *
 * 1. The first request with a key claims it for its body and a fresh load id; all later ones find
 *    this claim. The same body goes on with the same id, so a crash before the load was recorded is
 *    made good by the next request.
 * 2. The script that records the load notes the id as `made` and answers `made` from then on.
 * 3. Another body asks the ledger to note the id as `revoked`. If it was made, that is a conflict; if
 *    not, it never will be, and the claim is free for the other body.
 *
 * Both notes are kept from a later instant than the claim, so a claim never outlives its note.
 */
import type { Redis } from "ioredis";
import { z } from "zod";
import { guarded, type Ledger, retentionOf, runScript } from "./ledger.ts";

/** What a key stands for. */
export interface KeyClaim {
  readonly loadId: string;
  /** Hash of the request. */
  readonly body: string;
}

const claimSchema = z.strictObject({ loadId: z.string(), body: z.string() });

/** Where the claims of a deployment are. */
export interface KeyClaims {
  readonly redis: Redis;
  readonly prefix: string;
  /** Days for which a key is kept. Default 30. */
  readonly retentionDays?: number | undefined;
}

/** Claims a key unless it is claimed; answers the claim that stands. Throws ERR_REDIS_AWAY. */
export async function claimKey(claims: KeyClaims, hash: string, mine: KeyClaim): Promise<KeyClaim> {
  const { redis, prefix } = claims;
  const key = `${prefix}:idempotency:${hash}`;
  for (;;) {
    const made = await guarded(() =>
      redis.set(key, JSON.stringify(mine), "EX", retentionOf(claims), "NX"),
    );
    if (made === "OK") return mine;
    const text = await guarded(() => redis.get(key));
    if (text !== null) return claimSchema.parse(JSON.parse(text));
  }
}

const dropScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`;

/** Frees a key from a claim whose load was revoked; leaves any other claim. Throws ERR_REDIS_AWAY. */
export async function dropClaim(
  { redis, prefix }: KeyClaims,
  hash: string,
  claim: KeyClaim,
): Promise<void> {
  const text = JSON.stringify({ loadId: claim.loadId, body: claim.body });
  await guarded(() => redis.eval(dropScript, 1, `${prefix}:idempotency:${hash}`, text));
}

const settledReply = z.enum(["made", "revoked"]);

const revokeScript = `
local key = base .. 'idempotency:' .. ARGV[1]
local settled = redis.call('HGET', key, ARGV[2])
if settled then return settled end
redis.call('HSET', key, ARGV[2], 'revoked')
redis.call('EXPIRE', key, ARGV[3])
return 'revoked'
`;

/** Makes sure that a claimed load is never made, unless it was. Throws ERR_REDIS_AWAY. */
export async function revokeLoad(
  ledger: Ledger,
  hash: string,
  loadId: string,
): Promise<"made" | "revoked"> {
  const settled = await runScript(ledger, revokeScript, [hash, loadId, retentionOf(ledger)]);
  return settledReply.parse(settled);
}
