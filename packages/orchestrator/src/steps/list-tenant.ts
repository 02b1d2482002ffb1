/** The tenant's list of unfinished bulk jobs, with creation dates by our own clock. */
import { type RemoteBulkJob, type RemoteState, unfinishedRemoteStates } from "@headgate/core";
import type { IngestionPort } from "../ports.ts";

export async function listTenant(
  ports: { readonly ingestion: IngestionPort },
  signal: AbortSignal,
  states: readonly RemoteState[] = unfinishedRemoteStates,
): Promise<readonly RemoteBulkJob[]> {
  const listed: RemoteBulkJob[] = [];
  for await (const job of ports.ingestion.listAll(states, { signal })) listed.push(job);
  const aheadMs = ports.ingestion.clockOffsetMs();
  return listed.map((job) =>
    job.createdAt === undefined ? job : { ...job, createdAt: job.createdAt - aheadMs },
  );
}
