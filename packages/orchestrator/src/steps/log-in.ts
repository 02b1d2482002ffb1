/** Makes sure before a slot is spent that the login works, and leads to the organisation that the ledger is of. */
import { checkOrg } from "../ledger/org.ts";
import type { StepContext } from "./context.ts";

/** Throws what the port's `authenticate` throws, and ERR_OTHER_ORG. */
export async function logIn({ ledger, ports }: StepContext, signal: AbortSignal): Promise<void> {
  await ports.ingestion.authenticate({ signal });
  const orgId = ports.ingestion.orgId?.();
  if (orgId !== undefined) await checkOrg(ledger, orgId);
}
