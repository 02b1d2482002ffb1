/** A run whose record cannot be read: it is told by name and forgotten, and the runs behind it go on. */
import type { BulkError } from "@headgate/core";
import { type Ledger, retentionOf, runScript } from "../ledger/ledger.ts";
import type { StepContext } from "../steps/context.ts";

const endScript = `
local key = base .. 'run:' .. ARGV[1]
redis.call('EXPIRE', key, ARGV[2])
return redis.call('ZREM', base .. 'runs-open', ARGV[1])
`;

/**
 * Ends it, once. The files that only it has taken are nobody's again: the next run of its schedule
 * takes them as late ones. Loads that it has made go on by themselves.
 */
export async function endUnreadableRun(
  { ledger, ports }: StepContext,
  runId: string,
  { message }: BulkError,
): Promise<void> {
  if (!(await closeRun(ledger, runId))) return;
  const { connection } = ledger;
  ports.emit({ type: "record.unreadable", connection, what: "run", id: runId, message });
}

async function closeRun(ledger: Ledger, runId: string): Promise<boolean> {
  return (await runScript(ledger, endScript, [runId, retentionOf(ledger)])) === 1;
}
