/** The client and the sources in the shapes that the orchestrator's steps want. */
import type { ConnectedClient } from "@headgate/ingestion-api";
import type { IngestionPort, SourcePort } from "@headgate/orchestrator";
import { openBody, type PartSource } from "@headgate/part-source";

export function joinPorts(
  api: Pick<ConnectedClient, "client" | "tokenSource">,
  source: Omit<PartSource, "close">,
): { readonly ingestion: IngestionPort; readonly source: SourcePort } {
  let userId: string | undefined;
  let orgId: string | undefined;
  return {
    ingestion: {
      ...api.client,
      async authenticate({ signal }) {
        ({ userId, orgId } = await api.tokenSource.token({ signal }));
      },
      userId: () => userId,
      orgId: () => orgId,
      clockOffsetMs: () => api.client.serverClockOffsetMs() ?? 0,
    },
    source: { ...source, open: (pieces) => openBody(pieces, source) },
  };
}
