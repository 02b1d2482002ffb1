/** Who may use the API: clients by name, each opened by API keys, by a token's subject, or both. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Client } from "@headgate/config";

/** Clients by name, as `headgate.yaml` has them. */
export type ApiClients = ReadonlyMap<string, Client>;

/**
 * The client that this key opens at `now`, if any. Takes the same time for every key of one length,
 * for all hashes are compared and each in constant time.
 */
export function clientOfKey(clients: ApiClients, key: string, now: number): Client | undefined {
  const digest = sha256(key);
  const found = [...clients.values()].filter(({ keys }) =>
    keys
      .filter((one) => timingSafeEqual(one.sha256, digest))
      .some(({ expires }) => expires === undefined || now < expires),
  );
  return found[0];
}

/** The client that a checked token's claim names, if any. */
export function clientOfSubject(clients: ApiClients, subject: string): Client | undefined {
  return [...clients.values()].find((client) => client.subject === subject);
}

/** Whether two texts are equal, without telling by the time taken where they differ. */
export function sameSecret(one: string, other: string): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
