import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CompactSign,
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientOf, createTestApi, testKey } from "../api.test-support.ts";
import { createJwtLogin, type JwtSettings } from "./jwt-login.ts";

const issuer = "https://login.example/";
const audience = "headgate";
let signing: CryptoKey;
let verifying: CryptoKey;
let foreign: CryptoKey;
let fetches = 0;
let settings: JwtSettings;
const server = createServer(async (_request, response) => {
  fetches += 1;
  const key = { ...(await exportJWK(verifying)), kid: "one", alg: "RS256", use: "sig" };
  response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [key] }));
});

beforeAll(async () => {
  ({ privateKey: signing, publicKey: verifying } = await generateKeyPair("RS256", {
    extractable: true,
  }));
  ({ privateKey: foreign } = await generateKeyPair("RS256"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const jwksUrl = `http://127.0.0.1:${port}/jwks`;
  settings = { issuer, audience, jwksUrl, algorithms: ["RS256"], claim: "sub" };
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const now = () => Math.floor(Date.now() / 1000);

/** A token that is right but for the changes. */
async function token(
  changes: Record<string, unknown> = {},
  { kid = "one", key = signing }: { readonly kid?: string; readonly key?: CryptoKey } = {},
): Promise<string> {
  const claims = { iss: issuer, aud: audience, sub: "job-42", exp: now() + 60, ...changes };
  return await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(key);
}

describe("a token", () => {
  it("that its issuer has signed opens the client of its subject", async () => {
    const client = { ...clientOf("spark", "hg_other"), subject: "job-42" };
    const { app } = createTestApi({ clients: [client], jwt: createJwtLogin(settings) });
    const send = async (credential: string) =>
      await app.inject({
        url: "/v1/whoami",
        headers: { authorization: `Bearer ${credential}` },
      });
    const answer = await send(await token());
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ client: "spark" });
    expect((await send("hg_other")).json()).toMatchObject({ client: "spark" });
    const nobody = await send(await token({ sub: "job-43" }));
    expect(nobody.statusCode).toBe(401);
  });

  it("may name the client by another claim, and be a little early or late", async () => {
    const login = createJwtLogin({ ...settings, claim: "client_id" });
    const text = await token({ client_id: "spark", exp: now() - 30, nbf: now() + 30 });
    expect(await login(text)).toBe("spark");
  });

  it.each([
    ["has expired", { exp: () => now() - 90 }],
    ["is not valid yet", { nbf: () => now() + 90 }],
    ["never expires", { exp: () => undefined }],
    ["is of another issuer", { iss: () => "https://evil.example/" }],
    ["is for another audience", { aud: () => "other" }],
    ["names nobody", { sub: () => undefined }],
    ["names somebody by a list", { sub: () => ["job-42"] }],
  ])("that %s opens nothing", async (_what, change) => {
    const entries = Object.entries(change).map(([claim, value]) => [claim, value()]);
    const text = await token(Object.fromEntries(entries));
    await expect(createJwtLogin(settings)(text)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("that is not valid yet is told so", async () => {
    const text = await token({ nbf: now() + 90 });
    await expect(createJwtLogin(settings)(text)).rejects.toThrow("not valid yet");
  });

  it("without a signature opens nothing", async () => {
    const text = new UnsecuredJWT({ iss: issuer, aud: audience, sub: "job-42", exp: now() + 60 });
    await expect(createJwtLogin(settings)(text.encode())).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });

  it("signed with the public key as a password opens nothing", async () => {
    const password = new TextEncoder().encode(await exportSPKI(verifying));
    const claims = { iss: issuer, aud: audience, sub: "job-42", exp: now() + 60 };
    const text = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: "HS256", kid: "one" })
      .sign(password);
    await expect(createJwtLogin(settings)(text)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("signed by somebody else, or changed, opens nothing and is not repeated", async () => {
    const login = createJwtLogin(settings);
    const [head, , signature] = (await token()).split(".");
    const claims = Buffer.from(JSON.stringify({ sub: "root" })).toString("base64url");
    for (const text of [await token({}, { key: foreign }), `${head}.${claims}.${signature}`]) {
      const refused = await login(text).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: "unauthenticated" });
      expect(String(refused)).not.toContain(text);
    }
  });

  it("with an unknown key id does not fetch the keys again and again", async () => {
    const login = createJwtLogin(settings);
    fetches = 0;
    for (let i = 0; i < 20; i++) {
      const text = await token({}, { kid: `unknown-${i}` });
      await expect(login(text)).rejects.toMatchObject({ code: "unauthenticated" });
    }
    expect(fetches).toBe(1);
  });

  it("is answered 503 while the keys cannot be fetched", async () => {
    const jwt = createJwtLogin({ ...settings, jwksUrl: "http://127.0.0.1:9/jwks" });
    const { app } = createTestApi({ jwt });
    const headers = { authorization: `Bearer ${await token()}` };
    const answer = await app.inject({ url: "/v1/whoami", headers });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers["retry-after"]).toBe("5");
    expect(answer.json()).toMatchObject({ code: "login_unavailable" });
    const key = { authorization: `Bearer ${testKey}` };
    expect((await app.inject({ url: "/v1/whoami", headers: key })).statusCode).toBe(200);
  });
});
