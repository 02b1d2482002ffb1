/**
 * Decides where credentials may be sent: reads the `instance_url` of a token answer, or a login URL,
 * and gives the origin to call only where the rules allow it.
 *
 * The text is held against a grammar of plain hosts before any URL parser sees it, so user info,
 * paths, queries, fragments, backslashes, percent signs and non-ASCII letters are refused whatever
 * a parser would make of them.
 */

export interface OriginRules {
  /** A host is allowed if it equals one of these or ends with "." and one of these. */
  readonly allowedHostSuffixes: readonly string[];
  /**
   * Where set, loopback hosts are allowed with any port over http and https, and one that comes
   * without a scheme gets this one. Where undefined, loopback is refused like any other host.
   */
  readonly loopbackScheme?: "http" | "https" | undefined;
}

export type OriginVerdict =
  /** Scheme, host and port without a trailing slash, as in `https://x.c360a.salesforce.com`. */
  | { readonly kind: "allowed"; readonly origin: string }
  /** `reason` says which rule the text breaks; it never quotes the text. */
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Judges a bare host (`x.c360a.salesforce.com`, as live orgs answer) or a URL with scheme
 * (`https://…`, as documented). A bare host is called over https.
 */
export function judgeOrigin(text: string, rules: OriginRules): OriginVerdict {
  const match = plainOrigin.exec(text);
  if (match === null) {
    return refused("it is not a plain host with an optional scheme, port and final slash");
  }
  const [, statedScheme, statedHost = "", statedPort] = match;
  const host = statedHost.toLowerCase();
  const port = statedPort === undefined ? undefined : Number(statedPort);
  if (port !== undefined && (port < 1 || port > 65_535)) return refused("the port is out of range");

  if (isLoopback(host)) {
    if (rules.loopbackScheme === undefined) return refused("it is a loopback host");
    const scheme = statedScheme?.toLowerCase() ?? rules.loopbackScheme;
    return allowed(`${scheme}://${host}${port === undefined ? "" : `:${port}`}`);
  }
  if (statedScheme?.toLowerCase() === "http") return refused("the scheme is http");
  if (port !== undefined && port !== 443) return refused(`the port is ${port}, not 443`);
  if (isIpLiteral(host)) return refused("it is an IP address");
  if (host.length > 253 || !host.split(".").every((label) => hostLabel.test(label))) {
    return refused("the host name is malformed");
  }
  const suffixes = rules.allowedHostSuffixes.map((suffix) => suffix.toLowerCase());
  if (!suffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))) {
    return refused(`the host ends with none of the allowed suffixes (${suffixes.join(", ")})`);
  }
  return allowed(`https://${host}`);
}

const plainOrigin =
  /^(?:(https?):\/\/)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?\/?$/i;
const hostLabel = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "[::1]") return true;
  const octets = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host)?.slice(1);
  return octets?.every((octet) => String(Number(octet)) === octet && Number(octet) <= 255) ?? false;
}

/** By the URL standard a host is an IPv4 address, however odd, if its last label is a number. */
function isIpLiteral(host: string): boolean {
  return host.startsWith("[") || /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$/.test(host);
}

function allowed(origin: string): OriginVerdict {
  return { kind: "allowed", origin };
}

function refused(reason: string): OriginVerdict {
  return { kind: "refused", reason };
}
