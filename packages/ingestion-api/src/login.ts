/**
 * The two token calls: a signed assertion for a Salesforce token, and that for a Data Cloud token.
 * Source: "Get Started with Ingestion API", "OAuth 2.0 JWT Bearer Flow".
 */
import {
  after,
  BulkError,
  type EpochMs,
  isBulkError,
  type Milliseconds,
  Secret,
  seconds,
} from "@headgate/core";
import { SignJWT } from "jose";
import { expectTokens, type Operation, parseAnswer, withoutToken } from "./api-errors.ts";
import { type ConnectionRules, connectionRules, type TokenConnection } from "./connection.ts";
import { judgeOrigin } from "./contract/service-origin.ts";
import {
  accessTokenType,
  coreTokenWire,
  dataCloudGrantType,
  dataCloudTokenWire,
  jwtBearerGrantType,
} from "./contract/tokens.ts";
import type { HttpCall, HttpTransport } from "./http-transport.ts";
import { privateKeyFile } from "./private-key-file.ts";
import { createRetryBudget, withRetries } from "./retry.ts";
import { quoteServiceText } from "./service-text.ts";
import type { Timing } from "./timing.ts";

/** A token for one tenant's Ingestion API. */
export interface DataCloudToken {
  readonly secret: Secret;
  /** The tenant's origin: the only one the token may be sent to. */
  readonly origin: string;
  readonly expiresAt: EpochMs;
  /** Its whole life, from `expires_in`. */
  readonly lifeMs: Milliseconds;
  /** Id of the user that it was given to, from the identity URL of the login's answer, where that has one. */
  readonly userId?: string;
  /** Id of the organisation, likewise. */
  readonly orgId?: string;
}

export interface LoginDeps {
  readonly transport: HttpTransport;
  readonly timing: Timing;
}

interface Login {
  readonly coreToken: string;
  readonly origin: string;
  readonly identity: Identity;
}

type Identity = Pick<DataCloudToken, "userId" | "orgId">;

/** An assertion lives this long: below the 180 s that servers allow, so that clocks may differ a little. */
const assertionLifeMs: Milliseconds = seconds(120);

/**
 * Gives a function that fetches a fresh Data Cloud token. The calls are safe to repeat, and are by
 * the retry table. If the login service says `invalid_grant` and its `Date` differs from our clock
 * by more than 10 s, one more assertion is made by its clock.
 * Throws ERR_CONFIG at once for a login URL that is not allowed; then ERR_KEY_FILE,
 * ERR_AUTH_REFUSED, ERR_INSTANCE_URL, and ERR_API_UNREACHABLE where a service cannot be reached or
 * answers something else than its contract has.
 */
export function createLogin(
  connection: TokenConnection,
  deps: LoginDeps,
): () => Promise<DataCloudToken> {
  const rules = connectionRules(connection);
  const keyFile = privateKeyFile(connection.keyFile);
  const retries = { budget: createRetryBudget(), timing: deps.timing };
  let appliedOffsetMs = 0;
  let observedOffsetMs = 0;

  async function signedAssertion(): Promise<string> {
    const key = await keyFile.read();
    const expiry = deps.timing.now() + appliedOffsetMs + assertionLifeMs;
    return new SignJWT()
      .setProtectedHeader({ alg: "RS256", typ: "JWT" })
      .setIssuer(connection.consumerKey)
      .setSubject(connection.user)
      .setAudience(rules.audience)
      .setExpirationTime(Math.floor(expiry / 1000))
      .sign(key);
  }

  async function logIn(): Promise<Login> {
    const operation = tokenCall("login", "/services/oauth2/token");
    const assertion = await signedAssertion();
    const call = form(rules.loginOrigin, operation, {
      grant_type: jwtBearerGrantType,
      assertion,
    });
    const result = await deps.transport.send(call);
    if (result.kind === "answer" && result.date !== undefined) {
      observedOffsetMs = result.date - deps.timing.now();
    }
    const wire = parseAnswer(operation, expectTokens(operation, result), coreTokenWire);
    return {
      coreToken: wire.access_token,
      origin: allowedOrigin(wire.instance_url, rules, operation),
      identity: identityOf(wire.id),
    };
  }

  async function logInByTheirClock() {
    try {
      return await logIn();
    } catch (error) {
      const clocksDiffer = Math.abs(observedOffsetMs - appliedOffsetMs) > clockToleranceMs;
      if (!isInvalidGrant(error) || !clocksDiffer) throw error;
      appliedOffsetMs = observedOffsetMs;
      return await logIn();
    }
  }

  async function exchange({ coreToken, origin, identity }: Login): Promise<DataCloudToken> {
    const operation = tokenCall("token-exchange", "/services/a360/token");
    const { dataSpace } = connection;
    const sentAt = deps.timing.now();
    const call = form(origin, operation, {
      grant_type: dataCloudGrantType,
      subject_token: coreToken,
      subject_token_type: accessTokenType,
      ...(dataSpace === undefined ? {} : { dataspace: dataSpace }),
    });
    const result = await deps.transport.send(call);
    const wire = parseAnswer(operation, expectTokens(operation, result), dataCloudTokenWire);
    const lifeMs = seconds(wire.expires_in);
    return Object.freeze({
      secret: new Secret(wire.access_token),
      origin: allowedOrigin(wire.instance_url, rules, operation),
      expiresAt: after(sentAt, lifeMs),
      lifeMs,
      ...identity,
    });
  }

  return async () => {
    try {
      const login = await withRetries(logInByTheirClock, retries);
      return await withRetries(() => exchange(login), retries);
    } catch (error) {
      throw withoutToken(error);
    }
  };
}

/** An identity URL ends in `/id/<organisation>/<user>`, each 15 or 18 characters. */
function identityOf(url: string | undefined): Identity {
  const id = "([A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)";
  const [, orgId, userId] = url?.match(new RegExp(`/id/${id}/${id}$`)) ?? [];
  return orgId === undefined || userId === undefined ? {} : { orgId, userId };
}

/** `Date` has whole seconds, and the answer took its time. */
const clockToleranceMs = 10_000;

function tokenCall(name: "login" | "token-exchange", path: string): Operation {
  return { name, path, effect: false };
}

function form(origin: string, operation: Operation, fields: Record<string, string>): HttpCall {
  return {
    method: "POST",
    origin,
    path: operation.path,
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: new URLSearchParams(fields).toString(),
  };
}

function isInvalidGrant(error: unknown): boolean {
  return isBulkError(error, "ERR_AUTH_REFUSED") && error.fields.error === "invalid_grant";
}

function allowedOrigin(url: string, rules: ConnectionRules, operation: Operation): string {
  const verdict = judgeOrigin(url, rules.origins);
  if (verdict.kind === "allowed") return verdict.origin;
  // What stands before an "@" may be a password.
  const seen = quoteServiceText(url.replace(/^.*@/s, "***@"));
  const message = `${operation.name}: instance URL "${seen}" cannot be used: ${verdict.reason}`;
  throw new BulkError("ERR_INSTANCE_URL", message, {
    fields: { operation: operation.name, seen, reason: verdict.reason },
  });
}
