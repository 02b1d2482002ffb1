import { BulkError, type ErrorCode, type ErrorFields } from "@headgate/core";
import { expect, it } from "vitest";
import { loginAdvice } from "./login-advice.ts";

const advice = (code: ErrorCode, fields: ErrorFields = {}) =>
  loginAdvice(new BulkError(code, "", { fields }));
const refused = (error: string | undefined, description?: string, operation = "login") =>
  advice("ERR_AUTH_REFUSED", { operation, error, description });

it.each([
  ["invalid_grant", "user hasn't approved this consumer", "pre-authorise the user"],
  ["invalid_grant", "audience is invalid", "set audience"],
  ["invalid_grant", "expired authorization code", "NTP"],
  ["invalid_grant", "user is locked", "unlock"],
  ["invalid_grant", "something new", "Login History"],
  ["invalid_grant", undefined, "Login History"],
  ["invalid_app_access", "user is not admin approved to access this app", "access to the app"],
  ["invalid_client_id", "client identifier invalid", "consumerKey"],
  ["invalid_client", "invalid client credentials", "certificate"],
  ["inactive_user", "user inactive", "activate"],
  ["unheard_of", undefined, "does not look like a Salesforce login"],
  [undefined, undefined, "does not look like a Salesforce login"],
])("a login refused with %s (%s)", (error, description, expected) => {
  expect(refused(error, description)).toContain(expected);
});

it("names the scope where the token exchange is refused", () => {
  expect(refused("invalid_scope", undefined, "token-exchange")).toContain("cdp_ingest_api");
  expect(refused(undefined, undefined, "token-exchange")).toContain("cdp_ingest_api");
});

it("names the setting where nothing was refused", () => {
  expect(advice("ERR_INSTANCE_URL")).toContain("allowedHosts");
  expect(advice("ERR_API_UNREACHABLE")).toContain("loginUrl");
});
