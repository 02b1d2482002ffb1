/** Whose things a client may see and change: what it may not see looks like what is not there. */
import { BulkError, type ClientAccess } from "@headgate/core";
import type { Loads, LoadView } from "@headgate/orchestrator/producer";
import { hasScope } from "./scopes.ts";

/** A thing of a connection that a client has asked for. */
interface Owned {
  readonly connection: string;
  readonly principal: string;
}

/** Whether the client may see what belongs to this connection, whoever owns it. */
export function seesConnection(client: ClientAccess, connection: string): boolean {
  return client.connections === undefined || client.connections.includes(connection);
}

/** Its own, and with `read` everyone's in its connections. */
export function maySee(client: ClientAccess, thing: Owned): boolean {
  return (
    thing.principal === client.name ||
    (hasScope(client, "read") && seesConnection(client, thing.connection))
  );
}

/** Its own with `enqueue`, and with `operate` everyone's in its connections. */
function mayOperate(client: ClientAccess, thing: Owned): boolean {
  return (
    (thing.principal === client.name && hasScope(client, "enqueue")) ||
    (hasScope(client, "operate") && seesConnection(client, thing.connection))
  );
}

/** A load that the client may see. Throws ERR_LOAD_NOT_FOUND, for a foreign one as for an unknown one. */
export async function visibleLoad(
  loads: Loads,
  id: string,
  client: ClientAccess,
): Promise<LoadView> {
  const load = await loads.get(id);
  if (load !== undefined && maySee(client, load)) return load;
  throw loadNotFound(id);
}

/**
 * Throws unless the client may cancel or retry this load: ERR_CLIENT_FORBIDDEN where it may only see
 * it, ERR_LOAD_NOT_FOUND where not even that.
 */
export async function checkMayOperate(
  loads: Loads,
  id: string,
  client: ClientAccess,
): Promise<void> {
  const load = await loads.get(id);
  if (load !== undefined && mayOperate(client, load)) return;
  if (load === undefined || !maySee(client, load)) throw loadNotFound(id);
  throw new BulkError(
    "ERR_CLIENT_FORBIDDEN",
    `client "${client.name}" may see load ${id} and not change it; that needs the scope operate`,
    { fields: { client: client.name, load: id } },
  );
}

/**
 * The connections that a list shows: the one asked for, all (undefined), or the client's only one.
 * Throws ERR_CLIENT_FORBIDDEN for a connection that is not the client's, and ERR_REQUEST_INVALID
 * where it has several and names none.
 */
export function connectionToList(
  client: ClientAccess,
  asked: string | undefined,
): string | undefined {
  const { connections, name } = client;
  if (connections === undefined) return asked;
  if (asked === undefined && connections.length === 1) return connections[0];
  if (asked !== undefined && connections.includes(asked)) return asked;
  const choice = connections.join(", ") || "none";
  if (asked !== undefined)
    throw new BulkError(
      "ERR_CLIENT_FORBIDDEN",
      `client "${name}" may not use connection "${asked}"; it may use: ${choice}`,
      { fields: { client: name, connection: asked } },
    );
  throw new BulkError("ERR_REQUEST_INVALID", `connection: must be given; one of: ${choice}`, {
    fields: { field: "connection" },
  });
}

function loadNotFound(id: string): BulkError {
  return new BulkError("ERR_LOAD_NOT_FOUND", `there is no load "${id}"`, { fields: { load: id } });
}
