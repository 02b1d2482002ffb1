import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { seconds } from "@headgate/core";
import {
  accessTokenType,
  coreTokenWire,
  dataCloudGrantType,
  dataCloudTokenWire,
  jwtBearerGrantType,
  jwtTokenType,
} from "@headgate/ingestion-api/contract";
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { startCaller } from "../emulator.test-support.ts";
import type { EmulatorSettingsInput } from "../settings.ts";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
const app = {
  consumerKey: "consumer",
  publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
  users: ["loader@example.com"],
};
const login = "https://login.salesforce.com";
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly prn?: string;
  readonly aud?: string;
  readonly exp?: number;
}

async function assertionOf(claims: Claims = {}, key: KeyObject = privateKey): Promise<string> {
  const usual = { iss: "consumer", aud: login, exp: nowSeconds() + 180 };
  const user = claims.prn === undefined ? { sub: "loader@example.com" } : {};
  return new SignJWT({ ...usual, ...user, ...claims })
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .sign(key);
}

async function startLogin(settings: EmulatorSettingsInput = {}) {
  const caller = await startCaller({ connectedApps: [app], settings });
  const post = (path: string, form: Record<string, string>) =>
    caller.call("POST", path, { body: new URLSearchParams(form) });
  return {
    ...caller,
    logIn: (assertion: string) =>
      post("/services/oauth2/token", { grant_type: jwtBearerGrantType, assertion }),
    exchange: (subject: string, more: Record<string, string> = {}) =>
      post("/services/a360/token", {
        grant_type: dataCloudGrantType,
        subject_token: subject,
        subject_token_type: accessTokenType,
        ...more,
      }),
  };
}

describe("the login", () => {
  it("gives a token without lifetime and an instance URL with scheme", async () => {
    const { emulator, logIn } = await startLogin();
    const { status, body } = await logIn(await assertionOf());
    expect(status).toBe(200);
    const token = coreTokenWire.parse(body);
    expect(token).toEqual({
      access_token: expect.stringMatching(/^00D/),
      scope: expect.stringContaining("cdp_ingest_api"),
      instance_url: emulator.url,
      id: expect.stringContaining(`${emulator.url}/id/`),
      token_type: "Bearer",
    });
  });

  it.each([
    ["an unknown consumer", { iss: "stranger" }, "invalid client credentials"],
    ["an audience elsewhere", { aud: "https://example.com" }, "audience is invalid"],
    ["an expired assertion", { exp: nowSeconds() - 3600 }, "expired authorization code"],
    ["a user without approval", { sub: "x@example.com" }, "user hasn't approved this consumer"],
  ])("refuses %s with 400", async (_what, claims, description) => {
    const { logIn } = await startLogin();
    expect(await logIn(await assertionOf(claims))).toMatchObject({
      status: 400,
      body: { error: expect.any(String), error_description: description },
    });
  });

  it("refuses a signature by another key, another algorithm, and no JWT at all", async () => {
    const { logIn } = await startLogin();
    const byOther = await logIn(await assertionOf({}, other.privateKey));
    expect(byOther.body.error_description).toBe("invalid client credentials");
    const unsigned = (await assertionOf()).split(".").slice(0, 2);
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    expect((await logIn(`${none}.${unsigned[1]}.`)).status).toBe(400);
    expect((await logIn("nonsense")).body.error_description).toBe("invalid assertion");
  });

  it.each([
    ["prn in place of sub", { prn: "loader@example.com" }],
    ["an audience without scheme", { aud: "login.salesforce.com" }],
    ["an assertion expired for a minute", { exp: nowSeconds() - 60 }],
    ["an exp further ahead than 5 minutes", { exp: nowSeconds() + 3600 }],
    ["an exp in milliseconds", { exp: Date.now() + 180_000 }],
  ])("forgives %s unless strict", async (_what, claims) => {
    const tolerant = await startLogin();
    expect((await tolerant.logIn(await assertionOf(claims))).status).toBe(200);
    const strict = await startLogin({ strictLogin: true });
    expect((await strict.logIn(await assertionOf(claims))).status).toBe(400);
    expect((await strict.logIn(await assertionOf())).status).toBe(200);
  });

  it("holds exp against the machine's clock, or the emulator's where set", async () => {
    const { emulator, logIn } = await startLogin();
    emulator.clock.advance(seconds(86_400));
    expect((await logIn(await assertionOf())).status).toBe(200);
    emulator.control.changeSettings({ loginClock: "emulator" });
    expect((await logIn(await assertionOf())).status).toBe(400);
  });
});

describe("the exchange", () => {
  it("gives a JWT of the documented shape and a bare host", async () => {
    const { emulator, logIn, exchange } = await startLogin();
    const core = coreTokenWire.parse((await logIn(await assertionOf())).body).access_token;
    const { status, body } = await exchange(core);
    expect(status).toBe(200);
    const token = dataCloudTokenWire.parse(body);
    expect(token).toMatchObject({
      instance_url: emulator.url.replace("http://", ""),
      token_type: "Bearer",
      issued_token_type: jwtTokenType,
      expires_in: 7191,
    });
    const claims = decodeJwt(token.access_token);
    const issuedAt = Math.floor(emulator.clock.now() / 1000);
    expect(claims).toMatchObject({ aud: "a360", iat: issuedAt, nbf: issuedAt - 60 });
    expect(claims.exp).toBe(issuedAt + 7191);
    expect(decodeProtectedHeader(token.access_token)).toMatchObject({ alg: "RS256", typ: "JWT" });
  });

  it("gives a URL with scheme, and another lifetime, where settings say so", async () => {
    const settings = { instanceUrlStyle: "with-scheme", expiresInSeconds: 60 } as const;
    const { emulator, logIn, exchange } = await startLogin(settings);
    const core = coreTokenWire.parse((await logIn(await assertionOf())).body).access_token;
    const { body } = await exchange(core);
    expect(body).toMatchObject({ instance_url: emulator.url, expires_in: 60 });
  });

  it("binds the token to the data space asked for", async () => {
    const { emulator, call, logIn, exchange } = await startLogin();
    const core = coreTokenWire.parse((await logIn(await assertionOf())).body).access_token;
    const { body } = await exchange(core, { dataspace: "emea" });
    const { status } = await call("POST", "/api/v1/ingest/jobs", {
      headers: {
        authorization: `Bearer ${body.access_token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ object: "Contact", sourceName: "crm", operation: "upsert" }),
    });
    expect(status).toBe(201);
    expect((await emulator.control.state()).bulkJobs).toMatchObject([{ dataspace: "emea" }]);
  });

  it("refuses an unknown subject token, its type and the grant type with 400", async () => {
    const { logIn, exchange } = await startLogin();
    const core = coreTokenWire.parse((await logIn(await assertionOf())).body).access_token;
    expect((await exchange("nonsense")).body.error).toBe("invalid_grant");
    expect((await exchange(core, { subject_token_type: "x" })).body.error).toBe("invalid_request");
    expect((await exchange(core, { grant_type: "x" })).body.error).toBe("unsupported_grant_type");
  });
});

describe("an ingest endpoint", () => {
  const list = "/api/v1/ingest/jobs";

  it("answers 401 for a missing, unknown, revoked or expired token", async () => {
    const { emulator, call } = await startLogin();
    const bearer = (value: string) => ({ headers: { authorization: value } });
    expect((await call("GET", list, bearer(""))).status).toBe(401);
    expect((await call("GET", list, bearer("Bearer nonsense"))).status).toBe(401);
    expect((await call("GET", list)).status).toBe(200);
    emulator.clock.advance(seconds(7190));
    expect((await call("GET", list)).status).toBe(200);
    emulator.clock.advance(seconds(1));
    expect(await call("GET", list)).toMatchObject({
      status: 401,
      body: { error: "401 UNAUTHORIZED" },
    });
  });

  it("answers a Salesforce token with 400 and an empty body, or 401 where set", async () => {
    const { emulator, call, logIn } = await startLogin();
    const core = coreTokenWire.parse((await logIn(await assertionOf())).body).access_token;
    const headers = { authorization: `Bearer ${core}` };
    expect(await call("GET", list, { headers })).toMatchObject({ status: 400, body: {} });
    emulator.control.changeSettings({ coreTokenStatus: 401 });
    expect((await call("GET", list, { headers })).status).toBe(401);
  });
});
