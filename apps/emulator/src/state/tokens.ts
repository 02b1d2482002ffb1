/** Tokens the emulator has issued. They live by the emulator's clock. */
import { createHash, generateKeyPair, type KeyObject, randomBytes, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { after, type EpochMs, seconds } from "@headgate/core";
import { SignJWT } from "jose";
import type { EmulatorSettings } from "../settings.ts";

const orgId = "00Dxx0000006JFr";
const coreTokenSeconds = 7200;

/** What a bearer token is, to an ingest endpoint. */
export type Bearer =
  | { readonly kind: "data-cloud"; readonly userId: string; readonly dataspace: string }
  | { readonly kind: "core"; readonly userId: string; readonly consumerKey: string }
  | { readonly kind: "unknown" };

export interface IssuedDataCloudToken {
  readonly token: string;
  readonly expiresInSeconds: number;
}

/** Issues tokens and knows them again. */
export class Tokens {
  readonly #settings: EmulatorSettings;
  readonly #issued = new Map<string, { readonly bearer: Bearer; readonly expiresAt: EpochMs }>();

  constructor(settings: EmulatorSettings) {
    this.#settings = settings;
  }

  /** A Salesforce access token, in the shape of the documented sample. */
  issueCore(
    consumerKey: string,
    userName: string,
    now: EpochMs,
  ): { readonly token: string; readonly userId: string } {
    const token = `${orgId}!${randomBytes(66).toString("base64url").replaceAll("-", ".")}`;
    const userId = this.userIdOf(userName);
    const expiresAt = after(now, seconds(coreTokenSeconds));
    this.#keep(token, { kind: "core", consumerKey, userId }, expiresAt, now);
    return { token, userId };
  }

  /** A Data Cloud token: a JWT with the header and claims of the documented sample. */
  async issueDataCloud(
    owner: { readonly userId: string; readonly consumerKey: string; readonly dataspace: string },
    origin: string,
    now: EpochMs,
  ): Promise<IssuedDataCloudToken> {
    const { expiresInSeconds } = this.#settings;
    const issuedAt = Math.floor(now / 1000);
    const token = await this.#sign({
      sub: `${origin}/id/${orgId}EAM/${owner.userId}`,
      aud: "a360",
      scp: "cdpprofile cdpquery",
      nbf: issuedAt - 60,
      sfoid: orgId,
      iss: `${origin}/`,
      sfuid: owner.userId,
      exp: issuedAt + expiresInSeconds,
      iat: issuedAt,
      jti: randomUUID(),
      sfappid: owner.consumerKey,
    });
    const { userId, dataspace } = owner;
    const expiresAt = after(now, seconds(expiresInSeconds));
    this.#keep(token, { kind: "data-cloud", userId, dataspace }, expiresAt, now);
    return { token, expiresInSeconds };
  }

  /** What this token is at `now`; an expired one is unknown. */
  find(token: string, now: EpochMs): Bearer {
    const issued = this.#issued.get(token);
    return issued === undefined || now >= issued.expiresAt ? { kind: "unknown" } : issued.bearer;
  }

  /** The Salesforce id that stands for a user name: the same name, the same id. */
  userIdOf(userName: string): string {
    return `005xx${createHash("sha256").update(userName).digest("hex").slice(0, 10)}AAS`;
  }

  /** Makes every token issued so far invalid, as a session reset in the org does. */
  revokeAll(): void {
    this.#issued.clear();
  }

  #keep(token: string, bearer: Bearer, expiresAt: EpochMs, now: EpochMs): void {
    for (const [known, issued] of this.#issued) {
      if (issued.expiresAt <= now) this.#issued.delete(known);
    }
    this.#issued.set(token, { bearer, expiresAt });
  }

  async #sign(claims: Readonly<Record<string, string | number>>): Promise<string> {
    signingKey ??= newSigningKey();
    return new SignJWT(claims)
      .setProtectedHeader({ kid: `CORE.${orgId}.1`, typ: "JWT", alg: "RS256" })
      .sign(await signingKey);
  }
}

// One key a process: making one takes longer than most tests, and nobody holds the public half.
let signingKey: Promise<KeyObject> | undefined;

async function newSigningKey(): Promise<KeyObject> {
  return (await promisify(generateKeyPair)("rsa", { modulusLength: 2048 })).privateKey;
}
