import { listLoads, whoami } from "./api/loads.ts";
import type { ApiSession } from "./command-context.ts";
import { CliError } from "./errors.ts";

/** Id of the newest load that this API key has brought. Throws CliError (usage) where there is none. */
export async function lastLoad({ client }: ApiSession): Promise<string> {
  const { client: principal } = await client.ask(whoami());
  const { loads } = await client.ask(listLoads({ principal, limit: 1 }));
  const [last] = loads;
  if (last === undefined)
    throw new CliError("usage", `client ${principal} has brought no load yet`);
  return last.id;
}
