/** Makes a load of a request: once for an idempotency key, and no more than its client may have. */
import { createHash } from "node:crypto";
import { assertNever, BulkError } from "@headgate/core";
import { type AcceptAnswer, type LoadMark, pendingLoads, recordLoad } from "./ledger/accept.ts";
import {
  claimKey,
  dropClaim,
  type KeyClaim,
  type KeyClaims,
  revokeLoad,
} from "./ledger/idempotency.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { connectionOf } from "./ledger/load-record.ts";
import type { LoadRequest } from "./load-request.ts";

export interface BringLoadOptions {
  readonly claims: KeyClaims;
  /** By connection. */
  readonly ledgers: ReadonlyMap<string, Ledger>;
  readonly ledger: Ledger;
  readonly request: LoadRequest;
  readonly mark: LoadMark;
  /** What the idempotency key stands for beside the request. */
  readonly batch?: string | undefined;
  /** Unfinished loads that its principal may have over all connections. Default any number. */
  readonly mostPending?: number | undefined;
  readonly newId: () => string;
}

/** A load that is recorded, now or before. */
export interface BroughtLoad {
  readonly loadId: string;
  readonly replayed: boolean;
}

/** Throws ERR_IDEMPOTENCY_CONFLICT, ERR_TOO_MANY_PENDING, ERR_RUN_STATE, ERR_REDIS_AWAY. */
export async function bringLoad(options: BringLoadOptions): Promise<BroughtLoad> {
  const { claims, request, mark } = options;
  const key = mark.idempotency;
  const body = hash(JSON.stringify(request) + (options.batch ?? ""));
  for (;;) {
    const mine = { loadId: `${request.connection}.${options.newId()}`, body };
    const claim = key === undefined ? mine : await claimKey(claims, key, mine);
    if (key !== undefined && claim.body !== body) {
      await takeOver(options, key, claim);
      continue;
    }
    const answer = await record(options, claim.loadId);
    switch (answer) {
      case "created":
      case "made":
        return { loadId: claim.loadId, replayed: answer === "made" };
      case "full":
        throw tooManyPending(mark.principal, options.mostPending ?? 0);
      case "run-over":
        throw runOver(mark.run ?? "");
      case "revoked":
        if (key !== undefined) await dropClaim(claims, key, claim);
        break;
      default:
        return assertNever(answer);
    }
  }
}

/** Frees a key that another body has claimed and made no load of. Throws ERR_IDEMPOTENCY_CONFLICT. */
async function takeOver(options: BringLoadOptions, key: string, claim: KeyClaim): Promise<void> {
  const ledger = options.ledgers.get(connectionOf(claim.loadId));
  // Of a connection that is not configured here it cannot be said that it made none.
  if (ledger === undefined || (await revokeLoad(ledger, key, claim.loadId)) === "made")
    throw keyConflict(claim.loadId);
  await dropClaim(options.claims, key, claim);
}

async function record(options: BringLoadOptions, loadId: string): Promise<AcceptAnswer> {
  const { ledger, request, mark, mostPending = Number.POSITIVE_INFINITY } = options;
  const elsewhere = Number.isFinite(mostPending)
    ? await pendingIn(
        [...options.ledgers.values()].filter((other) => other !== ledger),
        mark,
      )
    : 0;
  return await recordLoad(ledger, {
    ...mark,
    id: loadId,
    request,
    mostPending: mostPending - elsewhere,
  });
}

/** Unfinished loads of a principal in these ledgers together. */
export async function pendingIn(
  ledgers: Iterable<Ledger>,
  { principal }: Pick<LoadMark, "principal">,
): Promise<number> {
  const counts = await Promise.all([...ledgers].map((ledger) => pendingLoads(ledger, principal)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** SHA-256 of a text, in hex. */
export function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** ERR_TOO_MANY_PENDING for a client that has as many unfinished loads as it may have. */
export function tooManyPending(client: string, allowed: number): BulkError {
  return new BulkError(
    "ERR_TOO_MANY_PENDING",
    `client "${client}" has as many unfinished loads as it may have: ${allowed}`,
    { fields: { client, allowed } },
  );
}

function runOver(run: string): BulkError {
  return new BulkError("ERR_RUN_STATE", `run ${run} is over, and takes no more loads`, {
    fields: { run },
  });
}

function keyConflict(loadId: string): BulkError {
  return new BulkError(
    "ERR_IDEMPOTENCY_CONFLICT",
    `this idempotency key was used for another request, which made load ${loadId}`,
    { fields: { loadId } },
  );
}
