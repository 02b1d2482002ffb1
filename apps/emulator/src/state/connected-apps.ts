/** The connected apps that may log in, and the check of their assertions. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { BulkError, type EpochMs } from "@headgate/core";
import { compactVerify, decodeJwt } from "jose";
import { z } from "zod";
import type { EmulatorSettings } from "../settings.ts";

/** A connected app as it is registered. */
export const connectedAppShape = z.strictObject({
  consumerKey: z.string().min(1),
  /** PEM: a certificate or a public key (SPKI). */
  publicKey: z.string().min(1),
  /** User names that may use the app. */
  users: z.array(z.string().min(1)).min(1),
});
export type ConnectedApp = z.infer<typeof connectedAppShape>;

/** Outcome of a login: who, or the error body's two texts. */
export type Login =
  | { readonly kind: "accepted"; readonly consumerKey: string; readonly user: string }
  | { readonly kind: "refused"; readonly error: string; readonly description: string };

const claimsShape = z.looseObject({
  iss: z.string(),
  sub: z.string().optional(),
  prn: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
});

/** "exp" of a strict login lies at most this far ahead. */
const maxExpiryAheadSeconds = 300;

/** The registered apps. */
export class ConnectedApps {
  readonly #settings: EmulatorSettings;
  readonly #apps = new Map<
    string,
    { readonly users: ReadonlySet<string>; readonly key: KeyObject }
  >();

  constructor(settings: EmulatorSettings) {
    this.#settings = settings;
  }

  /** Registers or replaces an app. Throws ERR_CONFIG where the key is neither certificate nor SPKI. */
  register(app: ConnectedApp): void {
    let key: KeyObject;
    try {
      key = createPublicKey(app.publicKey);
    } catch (cause) {
      const message = `connected app ${app.consumerKey}: publicKey is not a PEM certificate or public key`;
      throw new BulkError("ERR_CONFIG", message, { cause });
    }
    this.#apps.set(app.consumerKey, { users: new Set(app.users), key });
  }

  /** Checks a JWT bearer assertion. `ownUrl` is an audience too; `now` is what `exp` is held against. */
  async login(assertion: string, ownUrl: string, now: EpochMs): Promise<Login> {
    const claims = readClaims(assertion);
    if (claims === undefined) return refused("invalid_grant", "invalid assertion");
    const app = this.#apps.get(claims.iss);
    if (app === undefined) return refused("invalid_client", "invalid client credentials");
    try {
      await compactVerify(assertion, app.key, { algorithms: ["RS256"] });
    } catch {
      return refused("invalid_client", "invalid client credentials");
    }
    const audiences = [...this.#settings.audiences, ownUrl];
    const given = typeof claims.aud === "string" ? [claims.aud] : claims.aud;
    if (!given.some((audience) => this.#isAudience(audience, audiences))) {
      return refused("invalid_grant", "audience is invalid");
    }
    if (!this.#isAlive(claims.exp, now))
      return refused("invalid_grant", "expired authorization code");
    const user = claims.sub ?? (this.#settings.strictLogin ? undefined : claims.prn);
    if (user === undefined || !app.users.has(user)) {
      return refused("invalid_grant", "user hasn't approved this consumer");
    }
    return { kind: "accepted", consumerKey: claims.iss, user };
  }

  #isAudience(audience: string, allowed: readonly string[]): boolean {
    if (allowed.includes(audience)) return true;
    return !this.#settings.strictLogin && allowed.some((url) => hostOf(url) === hostOf(audience));
  }

  #isAlive(expiresAtSeconds: number, now: EpochMs): boolean {
    const { strictLogin, loginSkewMs } = this.#settings;
    const remainingMs = expiresAtSeconds * 1000 - now;
    if (!strictLogin) return remainingMs > -loginSkewMs;
    // Also refuses an `exp` in milliseconds, which lies tens of thousands of years ahead.
    return remainingMs > 0 && remainingMs <= maxExpiryAheadSeconds * 1000;
  }
}

function readClaims(assertion: string): z.infer<typeof claimsShape> | undefined {
  try {
    return claimsShape.parse(decodeJwt(assertion));
  } catch {
    return undefined;
  }
}

/** The host of a URL, or of a bare host. */
function hostOf(audience: string): string {
  return audience.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

function refused(error: string, description: string): Login {
  return { kind: "refused", error, description };
}
