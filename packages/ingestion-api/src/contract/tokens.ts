/** Wire shapes of the two token calls. Source: "Get Started with Ingestion API". */
import { z } from "zod";

export const jwtBearerGrantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const dataCloudGrantType = "urn:salesforce:grant-type:external:cdp";
export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
export const jwtTokenType = "urn:ietf:params:oauth:token-type:jwt";

/** Visible ASCII: what may stand in an Authorization header. */
const tokenText = z.string().regex(/^[\x21-\x7e]+$/);

/** Answer of `POST {login}/services/oauth2/token`: no `expires_in`, no refresh token. */
export const coreTokenWire = z.looseObject({
  access_token: tokenText,
  instance_url: z.string().min(1),
  scope: z.string().optional(),
  id: z.string().optional(),
  token_type: z.string().optional(),
});

/** Answer of `POST {instance_url}/services/a360/token`; `instance_url` comes with and without a scheme. */
export const dataCloudTokenWire = z.looseObject({
  access_token: tokenText,
  instance_url: z.string().min(1),
  /** Seconds. */
  expires_in: z.number().positive(),
  token_type: z.string().optional(),
  issued_token_type: z.string().optional(),
});

/** Error body of both token calls, with status 400. */
export const tokenErrorWire = z.looseObject({
  error: z.string(),
  error_description: z.string().optional(),
});
