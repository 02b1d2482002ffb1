/** The clients of headgate.yaml, as the doors want them. */
import type { ClientAccess } from "@headgate/core";
import type { HeadgateConfig } from "./schema.ts";

/** One client: what it may do, and how it is known. */
export interface Client {
  readonly access: ClientAccess;
  /** SHA-256 of each API key, and the instant (ms since 1970) after which it opens nothing. */
  readonly keys: readonly { readonly sha256: Buffer; readonly expires?: number }[];
  /** Value of the JWT claim that names it. */
  readonly subject?: string;
}

/** All clients by name. */
export function clientsOf({
  clients,
}: Pick<HeadgateConfig, "clients">): ReadonlyMap<string, Client> {
  return new Map(
    Object.entries(clients).map(([name, { keys, subject, connections, sources, ...rest }]) => [
      name,
      {
        access: { name, scopes: rest.scopes, connections, sources, limits: rest.limits },
        keys: keys.map(({ hash, expires }) => ({
          sha256: Buffer.from(hash.slice("sha256:".length), "hex"),
          ...(expires === undefined ? {} : { expires: Date.parse(expires) }),
        })),
        ...(subject === undefined ? {} : { subject }),
      },
    ]),
  );
}
