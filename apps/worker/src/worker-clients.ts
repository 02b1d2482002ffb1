/** The rights under which a worker acts for those who asked. */
import type { LoadedConfig } from "@headgate/config";
import { type ClientAccess, withPlace } from "@headgate/core";
import { type Caller, fileOwner } from "@headgate/orchestrator";
import { createUploadFolder } from "@headgate/part-source/uploads";

type Clients = Pick<LoadedConfig, "clients" | "config">;

/** Owner of loads that came by the Redis stream where no client stands for it; no client may have the name. */
const streamOwner = "redis";

/** Who enqueues by the Redis stream: the client that stands for it, else anyone who may write to Redis. */
export function streamCaller({ clients, config }: Clients): Caller {
  const { streamClient } = config;
  if (streamClient === undefined) return { principal: streamOwner, via: "stream" };
  const access = rightsOf({ clients, config }, streamClient);
  return { principal: streamClient, via: "stream", ...(access === undefined ? {} : { access }) };
}

/** What the owner of a load may do, as `ConnectionPorts.accessOf` says. */
export function accessOf(
  { clients, config }: Clients,
  { principal, via }: { readonly principal: string; readonly via: string },
): ClientAccess | "any" | undefined {
  if (via === "schedule" && principal === fileOwner) return "any";
  if (via === "stream" && config.streamClient === undefined) return "any";
  return rightsOf({ clients, config }, principal);
}

/** What the file gives a client, and the place of the files that it sends. */
function rightsOf({ clients, config }: Clients, name: string): ClientAccess | undefined {
  const access = clients.get(name)?.access;
  const { uploads } = config.sources;
  if (access === undefined || uploads === undefined) return access;
  return withPlace(access, createUploadFolder(uploads).placeOf(name));
}
