/** Looks at the key set that clients' JSON Web Tokens are held against. */
import type { HeadgateConfig } from "@headgate/config";
import { z } from "zod";
import { type Check, fail, ok } from "./check.ts";
import { withoutLogin } from "./shown-url.ts";

/** RFC 7517; what else a key holds is not looked at. */
const keySet = z.looseObject({
  keys: z.array(z.looseObject({ kty: z.string(), alg: z.string().optional() })),
});
/** Key type of each family of algorithms. Source: RFC 7518 section 3.1, RFC 8037. */
const typeOf = { RS: "RSA", PS: "RSA", ES: "EC", Ed: "OKP" } as const;

const name = { id: "jwt.keys", title: "Keys of JSON Web Tokens" };

/** Fetches the key set and counts the keys that the algorithms could use; none where JWT is off. */
export async function jwksChecks(
  jwt: HeadgateConfig["jwt"],
  signal: AbortSignal,
): Promise<readonly Check[]> {
  if (jwt === undefined) return [];
  const { algorithms } = jwt;
  const jwksUrl = withoutLogin(jwt.jwksUrl);
  const advice = "see jwt.jwksUrl: clients that log in by JWT are refused until it answers";
  try {
    const answer = await fetch(jwt.jwksUrl, { redirect: "error", signal });
    if (!answer.ok) return [fail(name, `${jwksUrl} answers ${answer.status}`, advice)];
    const parsed = keySet.safeParse(await answer.json());
    if (!parsed.success) return [fail(name, `${jwksUrl} answers no JSON Web Key Set`, advice)];
    const { keys } = parsed.data;
    const usable = keys.filter(({ kty, alg }) =>
      algorithms.some((one) => (alg ?? one) === one && kty === typeOf[familyOf(one)]),
    );
    const seen = `${jwksUrl} has ${usable.length} keys for ${algorithms.join(", ")}`;
    return [
      usable.length > 0
        ? ok(name, seen)
        : fail(
            name,
            `${seen}, of ${keys.length} in all`,
            "see jwt.algorithms and the issuer's keys",
          ),
    ];
  } catch (error) {
    signal.throwIfAborted();
    return [fail(name, `${jwksUrl} ${faultOf(error)}`, advice)];
  }
}

/** What fetch or the reading of its answer has thrown; a cause with a code is one of network or TLS. */
function faultOf(error: unknown): string {
  if (error instanceof SyntaxError) return "does not answer with JSON";
  const { code } = Object(Object(error).cause);
  return typeof code === "string"
    ? `cannot be reached: ${code}`
    : "cannot be fetched: it redirects, or does not speak HTTP";
}

function familyOf(algorithm: string): keyof typeof typeOf {
  if (algorithm.startsWith("RS")) return "RS";
  if (algorithm.startsWith("PS")) return "PS";
  return algorithm.startsWith("ES") ? "ES" : "Ed";
}
