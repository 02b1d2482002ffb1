/**
 * Finds out whether the ledger still knows every slot that was spent, before this process creates
 * anything and again and again after that. What it means is judged in core's ledger-history.ts.
 */
import {
  assertNever,
  isBulkError,
  judgeByMemory,
  judgeByTenant,
  type LedgerWitness,
  type LossSign,
  lossSentence,
  remoteStates,
  sameUser,
  type TenantCreation,
  unfinishedRemoteStates,
} from "@headgate/core";
import {
  beginHistory,
  completeReport,
  declareLoss,
  missingLoads,
  readWitness,
} from "../ledger/history.ts";
import { ledgerNow } from "../ledger/ledger.ts";
import { hasLostTouch, type LedgerMemory, noteWitness } from "../ledger/ledger-memory.ts";
import { readPrincipal, recordTenant } from "../ledger/observation.ts";
import type { StepContext } from "./context.ts";
import { listTenant } from "./list-tenant.ts";

/** Most bulk jobs and loads that the report of a loss names. */
const mostNamed = 100;

/**
 * Judges the ledger and writes down a loss that nobody has noticed yet; answers whether it has. Asks
 * the tenant only where this process has just begun or lost touch with Redis, or after a loss. Throws
 * what a list call throws; until the history is judged, and while a loss is not accounted for, the
 * ledger grants nothing.
 */
export async function settleHistory(context: StepContext, signal: AbortSignal): Promise<boolean> {
  const { ledger } = context;
  const { memory } = ledger;
  if (memory === undefined) return false;
  for (;;) {
    // Taken before the ledger is read, which then can only be further.
    const { witness: remembered, breaks } = memory;
    const known = { windowMs: ledger.limits.windowMs, hasLostTouch: hasLostTouch(memory) };
    const witness = await readWitness(ledger);
    const verdict = judgeByMemory(witness, remembered, known);
    const judged =
      verdict.kind === "ask-tenant"
        ? judgeByTenant(witness, await creationsOf(context, memory, signal), {
            now: await ledgerNow(ledger),
            windowMs: ledger.limits.windowMs,
          })
        : verdict;
    switch (judged.kind) {
      case "trusted":
        noteWitness(memory, witness, ledger.limits.windowMs);
        memory.judgedBreaks = breaks;
        return false;
      case "new":
        await beginHistory(ledger, context.ports.chance.newId());
        memory.judgedBreaks = breaks;
        return false;
      case "lost":
        if (await loseHistory(context, { memory, witness, sign: judged.sign, breaks, signal }))
          return true;
        break;
      default:
        return assertNever(judged);
    }
  }
}

/** Writes the loss down and tells it; false where another worker was faster. */
async function loseHistory(
  context: StepContext,
  found: {
    readonly memory: LedgerMemory;
    readonly witness: LedgerWitness;
    readonly sign: LossSign;
    readonly breaks: number;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const { ledger, ports } = context;
  const { memory, sign, signal } = found;
  const gone = await missingLoads(ledger);
  const report = { sign, unknownBulkJobs: [], missingLoads: gone.slice(0, mostNamed) };
  const generation = ports.chance.newId();
  const frozenUntil = await declareLoss(ledger, {
    ...{ seenGeneration: found.witness.generation, generation, report },
  });
  if (frozenUntil === undefined) return false;
  memory.judgedBreaks = found.breaks;
  const tell = (unknownBulkJobs: readonly string[]): void =>
    ports.emit({
      type: "ledger.lost",
      connection: ledger.connection,
      sign,
      message: lossSentence(sign),
      frozenUntil,
      unknownBulkJobs,
      missingLoads: report.missingLoads,
      missingLoadsInAll: gone.length,
    });
  try {
    const unknown = await unknownUnfinished(context, memory, signal);
    await completeReport(ledger, generation, { ...report, unknownBulkJobs: unknown });
    tell(unknown);
  } catch (error) {
    tell([]);
    // The claim asks for the list again before anything is created.
    if (signal.aborted || !isBulkError(error)) throw error;
  }
  await context.signals.claimAt(frozenUntil);
  return true;
}

async function unknownUnfinished(
  context: StepContext,
  memory: LedgerMemory,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const creations = await creationsOf(context, memory, signal);
  const strays = creations.filter((job) => job.unfinished && job.maybeOurs && !job.known);
  return strays.slice(0, mostNamed).map(({ id }) => id);
}

/** Lists the tenant in all states; each bulk job has its slot in the ledger from then on. */
async function creationsOf(
  context: StepContext,
  memory: LedgerMemory,
  signal: AbortSignal,
): Promise<readonly (TenantCreation & { readonly unfinished: boolean })[]> {
  const { ledger, ports } = context;
  // The login says who we are.
  await ports.ingestion.authenticate({ signal });
  const listed = await listTenant(ports, signal, remoteStates);
  const from = (await ledgerNow(ledger)) - ledger.limits.windowMs;
  const unknown = await recordTenant(
    ledger,
    listed.filter(
      ({ state, createdAt = from }) => createdAt >= from || unfinishedRemoteStates.includes(state),
    ),
  );
  memory.principal =
    ports.ingestion.userId?.() ?? (await readPrincipal(ledger)) ?? memory.principal;
  return listed.map(({ id, state, createdAt, createdById }) => ({
    id,
    createdAt,
    known: !unknown.has(id),
    maybeOurs: sameUser(memory.principal, createdById),
    unfinished: unfinishedRemoteStates.includes(state),
  }));
}
