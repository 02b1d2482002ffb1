/** Cancelling a load under the rights of a client. */
import { BulkError } from "@headgate/core";
import type { Caller, Loads } from "../loads.ts";
import type { LoadView } from "../views.ts";

/**
 * Cancels a load; one that is cancelled already stays so. Throws ERR_LOAD_NOT_FOUND, also for loads
 * that the caller may not cancel, and ERR_LOAD_STATE.
 */
export async function cancelAs(
  loads: Pick<Loads, "get" | "cancel">,
  loadId: string,
  caller: Caller,
): Promise<LoadView> {
  const load = await loads.get(loadId);
  if (load === undefined || !mayCancel(caller, load))
    throw new BulkError("ERR_LOAD_NOT_FOUND", "there is no load with this id", {
      fields: { load: loadId.slice(0, 64) },
    });
  return load.state === "cancelled" ? load : await loads.cancel(loadId);
}

/** Its own with `enqueue`, and with `operate` everyone's in its connections. */
function mayCancel({ principal, access }: Caller, load: LoadView): boolean {
  if (access === undefined) return true;
  const { scopes, connections } = access;
  if (load.principal === principal && scopes.includes("enqueue")) return true;
  return scopes.includes("operate") && (connections?.includes(load.connection) ?? true);
}
