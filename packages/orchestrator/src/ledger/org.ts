/** The organisation that a ledger is of: slots and bulk jobs in it mean nothing in another one. */
import { BulkError } from "@headgate/core";
import { guarded, type Ledger } from "./ledger.ts";

/** An id of 18 characters is that of 15 and a check of its case. */
const idLength = 15;

/**
 * Holds an organisation against the one of the first login. Throws ERR_OTHER_ORG with both where it is
 * another one.
 */
export async function checkOrg({ redis, base, connection }: Ledger, orgId: string): Promise<void> {
  const seen = orgId.slice(0, idLength);
  await guarded(() => redis.set(`${base}org`, seen, "NX"));
  const expected = await guarded(() => redis.get(`${base}org`));
  if (expected === null || expected === seen) return;
  throw new BulkError(
    "ERR_OTHER_ORG",
    `the login of connection ${connection} leads to organisation ${seen}; its ledger is of ${expected}`,
    { fields: { connection, seen, expected } },
  );
}
