/** Looks at one tenant: key, both tokens, job list, clock. Creates nothing and uses no slot. */
import { createHash, createPublicKey } from "node:crypto";
import { type BulkError, isBulkError, milliseconds, type SlotLimits } from "@headgate/core";
import {
  createHttpTransport,
  createIngestionClient,
  createTokenSource,
  type IngestionClient,
  privateKeyFile,
  type TokenConnection,
} from "@headgate/ingestion-api";
import { type Check, type CheckName, fail, ok, skip, warn } from "./check.ts";
import { loginAdvice } from "./login-advice.ts";
import { observeClock } from "./observed-clock.ts";

export interface ConnectionUnderTest {
  readonly name: string;
  readonly login: TokenConnection;
  /** PEM of the authorities to trust; default: the system's. */
  readonly ca: string | undefined;
  readonly limits: SlotLimits;
}

export interface ConnectionCheckOptions {
  readonly signal: AbortSignal;
  /** Our clock. */
  readonly now: () => number;
}

/** Key, Salesforce token, Data Cloud token, job list, clock; what an earlier failure forbids is skipped. */
export async function connectionChecks(
  { name, login, ca, limits }: ConnectionUnderTest,
  options: ConnectionCheckOptions,
): Promise<readonly Check[]> {
  const about = (id: string, title: string): CheckName => ({
    id: `connection.${name}.${id}`,
    title: `${title} of ${name}`,
  });
  const names = {
    login: about("login", "Salesforce token"),
    exchange: about("exchange", "Data Cloud token"),
    list: about("list", "Job list"),
  };
  const key = await keyCheck(about("key", "Private key"), login.keyFile);
  if (key.status === "fail")
    return [
      key,
      ...Object.values(names).map((each) => skip(each, "there is no usable private key")),
    ];

  const transport = createHttpTransport({
    ca,
    limits: { connectMs: milliseconds(5_000), callMs: milliseconds(15_000) },
  });
  const observed = observeClock(transport, options.now);
  try {
    const tokenSource = createTokenSource(login, { transport: observed.transport });
    const client = createIngestionClient({ tokenSource, transport: observed.transport });
    const tokens = await tokenChecks(names, () => tokenSource.token({ signal: options.signal }));
    const list = tokens.every(({ status }) => status === "ok")
      ? await listCheck(names.list, client, { ...options, limits })
      : skip(names.list, "there is no token");
    return [key, ...tokens, list, observed.check(about("clock", "Clock"))];
  } finally {
    await transport.close();
  }
}

/** The fingerprint lets a person see whether the connected app has this key's certificate. */
async function keyCheck(name: CheckName, path: string): Promise<Check> {
  try {
    const key = await privateKeyFile(path).read();
    const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
    const fingerprint = createHash("sha256").update(publicKey).digest("hex");
    const bits = key.asymmetricKeyDetails?.modulusLength;
    return ok(name, `${path}: RSA, ${bits} bits, SHA-256 of its public key ${fingerprint}`);
  } catch (error) {
    if (!isBulkError(error)) throw error;
    return fail(
      name,
      error.message,
      "keyFile must be an unencrypted RSA key in PEM that this user alone may read: chmod 0600",
    );
  }
}

/** One login makes both calls; the error of a failed one says which it was. */
async function tokenChecks(
  names: { readonly login: CheckName; readonly exchange: CheckName },
  logIn: () => Promise<{ readonly origin: string; readonly lifeMs: number }>,
): Promise<readonly Check[]> {
  try {
    const { origin, lifeMs } = await logIn();
    return [
      ok(names.login, "granted"),
      ok(names.exchange, `granted for ${origin}, lives ${Math.round(lifeMs / 60_000)} minutes`),
    ];
  } catch (error) {
    if (!isBulkError(error)) throw error;
    const described = `${error.code}: ${error.message}`;
    return error.fields.operation === "token-exchange"
      ? [ok(names.login, "granted"), fail(names.exchange, described, loginAdvice(error))]
      : [
          fail(names.login, described, loginAdvice(error)),
          skip(names.exchange, "there is no Salesforce token"),
        ];
  }
}

/** Other tools' bulk jobs keep permits and objects; the reaper looks after those that grow old. */
async function listCheck(
  name: CheckName,
  client: IngestionClient,
  { signal, limits }: ConnectionCheckOptions & { readonly limits: SlotLimits },
): Promise<Check> {
  try {
    const unfinished = [];
    for await (const { id } of client.listAll(["Open", "UploadComplete", "InProgress"], { signal }))
      unfinished.push(id);
    const seen = `${unfinished.length} unfinished bulk jobs by anyone, allowed are ${limits.permits}`;
    return unfinished.length < limits.permits
      ? ok(name, seen)
      : warn(
          name,
          `${seen}: none can be created now`,
          "wait for them, or abort those that nobody needs: headgate bulk-jobs list, headgate bulk-jobs abort ID",
        );
  } catch (error) {
    if (!isBulkError(error)) throw error;
    return fail(name, `${error.code}: ${error.message}`, listAdvice(error));
  }
}

function listAdvice({ code }: BulkError): string {
  switch (code) {
    case "ERR_API_UNAUTHORIZED":
    case "ERR_API_FORBIDDEN":
    case "ERR_API_BAD_REQUEST":
      return "give the app the scope cdp_ingest_api and the user a Data Cloud permission set";
    case "ERR_API_NOT_FOUND":
      return "see that the org has Data Cloud, and an Ingestion API connector in Data Cloud Setup";
    case "ERR_API_THROTTLED":
      return "the tenant is at its limit of calls; try again in some minutes";
    default:
      return "the tenant does not answer as it should; try again, and see Salesforce's trust site";
  }
}
