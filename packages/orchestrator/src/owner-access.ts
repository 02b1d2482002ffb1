/**
 * What the owner of a load, an errand or a schedule may do, asked by the worker that acts for it: a
 * request can come into Redis by other ways than the door, and rights can have changed since.
 */
import {
  BulkError,
  type ClientAccess,
  checkConnection,
  checkObject,
  checkSelection,
  type SourceObject,
} from "@headgate/core";
import type { Ledger } from "./ledger/ledger.ts";
import { type LoadRequest, selectionOf } from "./load-request.ts";
import type { ConnectionPorts } from "./ports.ts";

/** Who asked, and by which way. */
export interface Owner {
  readonly principal: string;
  readonly via: string;
}

type RightsContext = { readonly ledger: Ledger; readonly ports: ConnectionPorts };

/** The owner's rights in this connection; undefined: any. Throws ERR_CLIENT_FORBIDDEN. */
export function ownerAccess(
  { ledger, ports }: RightsContext,
  { principal, via }: Owner,
): ClientAccess | undefined {
  const access = ports.accessOf(principal, via);
  if (access === "any") return undefined;
  if (access === undefined)
    throw new BulkError(
      "ERR_CLIENT_FORBIDDEN",
      `client "${principal}" (${via}) is not configured on this worker`,
      { fields: { client: principal, via } },
    );
  checkConnection(access, ledger.connection);
  return access;
}

/**
 * Checks what a request names; answers the check that each object must pass which a store lists for
 * it. Both throw ERR_SOURCE_NOT_ALLOWED, the first ERR_CLIENT_FORBIDDEN too.
 */
export function checkOwner(
  context: RightsContext,
  owner: Owner,
  request: LoadRequest,
): (object: SourceObject) => void {
  const access = ownerAccess(context, owner);
  if (access === undefined) return () => undefined;
  checkSelection(access, selectionOf(request));
  return (object) => checkObject(access, object);
}
