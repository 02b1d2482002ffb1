/**
 * What to do about a refused login. Source of the answers: Salesforce Help, "OAuth 2.0 Error Codes";
 * developers' threads that quote them.
 */
import type { BulkError } from "@headgate/core";

/** What the service calls it, a part of how it describes it, and what helps. */
const advices: readonly (readonly [error: string, says: string, advice: string])[] = [
  [
    "invalid_grant",
    "approved this consumer",
    "let an administrator pre-authorise the user: connected app, Manage, Permitted Users: Admin approved users are pre-authorized, and a profile or permission set of the user",
  ],
  [
    "invalid_grant",
    "audience",
    "set audience to https://login.salesforce.com, or https://test.salesforce.com for a sandbox; a My Domain loginUrl needs it",
  ],
  ["invalid_grant", "expired", "the clocks differ by over 3 minutes: set this machine's by NTP"],
  ["invalid_grant", "locked", "an administrator has to unlock the user"],
  [
    "invalid_grant",
    "",
    "see user, audience and consumerKey; Setup, Login History of the user tells more",
  ],
  [
    "invalid_app_access",
    "",
    "give the user access to the app: Manage, profiles or permission sets",
  ],
  ["inactive_user", "", "activate the user, or name another"],
  ["inactive_org", "", "the org is locked or closed"],
  ["invalid_client_id", "", "see consumerKey: no connected app of this org has it"],
  [
    "invalid_client",
    "",
    "see consumerKey, and that the certificate uploaded to the connected app is that of keyFile",
  ],
  [
    "invalid_scope",
    "",
    "add the scopes cdp_ingest_api and api to the connected app, then wait some minutes",
  ],
];

/** What to do about a failed login or token exchange. */
export function loginAdvice({ code, fields }: BulkError): string {
  switch (code) {
    case "ERR_INSTANCE_URL":
      return "if the host is yours, add its suffix to allowedHosts; if not, see loginUrl: tokens go to no stranger";
    case "ERR_API_UNREACHABLE":
      return "see that loginUrl is right and that this machine may reach it over HTTPS (proxy, firewall, caFile)";
  }
  const description = String(fields.description ?? "");
  const known = advices.find(
    ([error, says]) => error === fields.error && description.includes(says),
  );
  if (known !== undefined) return known[2];
  return fields.operation === "token-exchange"
    ? "see that Data Cloud is on in this org, that the app has the scope cdp_ingest_api, and dataSpace"
    : "see loginUrl: what answers there does not look like a Salesforce login";
}
