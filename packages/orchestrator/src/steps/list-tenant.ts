/** The tenant's list of unfinished bulk jobs, with creation dates by our own clock. */
import { type RemoteBulkJob, type RemoteState, unfinishedRemoteStates } from "@headgate/core";
import type { IngestionPort } from "../ports.ts";

/** Reads the whole list, in these states; default: the unfinished ones. */
export async function listTenant(
  ports: { readonly ingestion: IngestionPort },
  signal: AbortSignal,
  states: readonly RemoteState[] = unfinishedRemoteStates,
): Promise<readonly RemoteBulkJob[]> {
  const listed: RemoteBulkJob[] = [];
  for await (const remote of ports.ingestion.listAll(states, { signal })) listed.push(remote);
  const aheadMs = ports.ingestion.clockOffsetMs();
  return listed.map((remote) =>
    remote.createdAt === undefined ? remote : { ...remote, createdAt: remote.createdAt - aheadMs },
  );
}
