/** Login by JSON Web Token, checked against the issuer's published keys (JWKS). */
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { HttpProblem } from "../problems/problems.ts";

/** What a token must be like. */
export interface JwtSettings {
  readonly issuer: string;
  readonly audience: string;
  /** https, or http on loopback. */
  readonly jwksUrl: string;
  /** Asymmetric algorithms only; whatever else a token's head says is refused. */
  readonly algorithms: readonly string[];
  /** Claim that names the client. */
  readonly claim: string;
}

/** Checks a token and gives the value of its claim. Throws HttpProblem unauthenticated or login_unavailable. */
export type JwtLogin = (token: string) => Promise<string>;

const jwksOptions = {
  /** A token with an unknown key id fetches the keys anew at most this often, in ms. */
  cooldownDuration: 30_000,
  /** Keys are fetched anew after this, in ms. */
  cacheMaxAge: 600_000,
  timeoutDuration: 5_000,
};

/** Longest difference between the issuer's clock and ours, in seconds. */
const clockToleranceSeconds = 60;

/** The keys are fetched with the first token. */
export function createJwtLogin(settings: JwtSettings): JwtLogin {
  const { issuer, audience, algorithms, claim } = settings;
  const keys = createRemoteJWKSet(new URL(settings.jwksUrl), jwksOptions);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ["exp", claim],
      });
      const subject = payload[claim];
      if (typeof subject === "string") return subject;
      throw invalidToken(`its claim ${claim} is no text`);
    } catch (error) {
      if (error instanceof HttpProblem) throw error;
      throw problemOf(error);
    }
  };
}

/** Faults of the token are the caller's; all else is that the keys could not be had. */
function problemOf(error: unknown): HttpProblem {
  if (error instanceof errors.JWTExpired) return invalidToken("it has expired");
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === "nbf")
    return invalidToken("its claim nbf says that it is not valid yet");
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalidToken(`its claim ${error.claim} is missing or not as configured`);
  const ofToken = [
    errors.JWTInvalid,
    errors.JWSInvalid,
    errors.JWSSignatureVerificationFailed,
    errors.JOSEAlgNotAllowed,
    errors.JOSENotSupported,
    errors.JWKSNoMatchingKey,
    errors.JWKSMultipleMatchingKeys,
  ].some((kind) => error instanceof kind);
  if (ofToken) return invalidToken("no key of its issuer has signed it with an allowed algorithm");
  return new HttpProblem(
    "login_unavailable",
    "the keys of the token's issuer cannot be fetched for now",
  );
}

function invalidToken(why: string): HttpProblem {
  return new HttpProblem("unauthenticated", `the token is not valid: ${why}`, {
    "www-authenticate": 'Bearer realm="headgate", error="invalid_token"',
  });
}
