/** The client and the sources in the shapes that the orchestrator's steps want. */
import type { ConnectedClient } from "@headgate/ingestion-api";
import type { IngestionPort, SourcePort } from "@headgate/orchestrator";
import { openBody, type PartSource } from "@headgate/part-source";

export function joinPorts(
  api: Pick<ConnectedClient, "client" | "tokenSource">,
  source: Omit<PartSource, "close">,
): { readonly ingestion: IngestionPort; readonly source: SourcePort } {
  let userId: string | undefined;
  return {
    ingestion: {
      ...api.client,
      async authenticate({ signal }) {
        ({ userId } = await api.tokenSource.token({ signal }));
      },
      userId: () => userId,
      clockOffsetMs: () => api.client.serverClockOffsetMs() ?? 0,
    },
    source: { ...source, open: (pieces) => openBody(pieces, source) },
  };
}
