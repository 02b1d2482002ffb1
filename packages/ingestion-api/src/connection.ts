/** The settings of one Data Cloud tenant, as far as this package needs them. */
import { BulkError } from "@headgate/core";
import { judgeOrigin, type OriginRules } from "./contract/service-origin.ts";

/** How to log in to one tenant, and where its tokens may go. */
export interface TokenConnection {
  /**
   * Where the assertion goes: `https://login.salesforce.com`, `https://test.salesforce.com` or the
   * org's My Domain URL. Held against the same rules as instance URLs.
   */
  readonly loginUrl: string;
  /** Consumer key of the connected app. */
  readonly consumerKey: string;
  /** Username of the integration user, pre-authorised for the app. */
  readonly user: string;
  /** Path of the app's private key; see `privateKeyFile` for what it must be. */
  readonly keyFile: string;
  /**
   * The assertion's `aud`. Default: `loginUrl` without a final slash. With a My Domain `loginUrl`
   * set it to `https://login.salesforce.com` or `https://test.salesforce.com`.
   */
  readonly audience?: string | undefined;
  /** Name of the data space the token is bound to. Default: none is named, which is the default space. */
  readonly dataSpace?: string | undefined;
  /** Hosts that tokens may go to, by suffix at a label's start. Default `["salesforce.com"]`. */
  readonly allowedHostSuffixes?: readonly string[] | undefined;
  /**
   * Lets tokens go to loopback hosts too, over http or https and on any port: for the emulator.
   * Default false.
   */
  readonly allowPlainHttpOnLoopback?: boolean | undefined;
}

/** A checked connection: where to log in, and where tokens may go. */
export interface ConnectionRules {
  readonly loginOrigin: string;
  readonly audience: string;
  readonly origins: OriginRules;
}

/** Throws ERR_CONFIG with `setting` and `reason` where the login URL is not allowed. */
export function connectionRules(connection: TokenConnection): ConnectionRules {
  const { loginUrl, allowedHostSuffixes = ["salesforce.com"] } = connection;
  const origins: OriginRules = {
    allowedHostSuffixes,
    ...(connection.allowPlainHttpOnLoopback === true && {
      loopbackScheme: loginUrl.startsWith("https:") ? "https" : "http",
    }),
  };
  const verdict = judgeOrigin(loginUrl, origins);
  if (verdict.kind === "refused") {
    throw new BulkError("ERR_CONFIG", `loginUrl cannot be used: ${verdict.reason}`, {
      fields: { setting: "loginUrl", reason: verdict.reason },
    });
  }
  const audience = connection.audience ?? loginUrl.replace(/\/$/, "");
  return { loginOrigin: verdict.origin, audience, origins };
}
