import { createPublicKey } from "node:crypto";
import { chmod } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { isBulkError, milliseconds, seconds } from "@headgate/core";
import { decodeJwt, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import type { TokenConnection } from "./connection.ts";
import {
  cloudToken,
  coreToken,
  json,
  startTenant,
  type TenantOptions,
  testTiming,
  testTransport,
} from "./test-tenant.test-support.ts";
import { createTokenSource } from "./token-source.ts";

async function start(options: TenantOptions = {}, settings: Partial<TokenConnection> = {}) {
  const tenant = await startTenant(options);
  const timing = testTiming();
  const transport = testTransport();
  const connection = { ...tenant.connection, ...settings };
  return { tenant, timing, source: createTokenSource(connection, { transport, timing }) };
}

function formOf(seen: { readonly body: string } | undefined): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(seen?.body));
}

describe("a token", () => {
  it("is fetched by an RS256 assertion of iss, sub, aud and an exp in seconds, and its exchange", async () => {
    const { tenant, timing, source } = await start();
    const token = await source.token();

    const login = formOf(tenant.logins[0]);
    expect(Object.keys(login)).toEqual(["grant_type", "assertion"]);
    expect(login.grant_type).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { payload, protectedHeader } = await jwtVerify(
      login.assertion ?? "",
      createPublicKey(tenant.key),
      { currentDate: new Date(timing.now()) },
    );
    expect(protectedHeader).toEqual({ alg: "RS256", typ: "JWT" });
    expect(payload).toEqual({
      iss: "consumer",
      sub: "robot@example.test",
      aud: tenant.origin,
      exp: Math.floor(timing.now() / 1000) + 120,
    });

    expect(tenant.logins[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(formOf(tenant.exchanges[0])).toEqual({
      grant_type: "urn:salesforce:grant-type:external:cdp",
      subject_token: "core-token-1-canary",
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    });
    expect(token.secret.reveal()).toBe("cloud-token-1-canary");
    expect(token.origin).toBe(tenant.origin);
    expect(token.expiresAt).toBe(timing.now() + 7_191_000);
  });

  it.each([
    ["https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA", "005000000000001AAA"],
    ["https://login.salesforce.com/id/00D000000000001/005000000000001", "005000000000001"],
    ["https://login.salesforce.com/id/00D000000000001/0050", undefined],
    ["https://login.salesforce.com/005000000000001AAA", undefined],
    [undefined, undefined],
  ])("says whose it is where the login's answer has an identity: %s", async (id, userId) => {
    let origin = "";
    const { source, tenant } = await start({
      login: (response) => json(response, 200, { ...coreToken(origin, 1), id }),
    });
    origin = tenant.origin;
    const token = await source.token();
    expect(token.userId).toBe(userId);
    expect(token.orgId?.startsWith("00D000000000001")).toBe(
      userId === undefined ? undefined : true,
    );
  });

  it("is bound to the data space, and asked for with the audience, where they are set", async () => {
    const { tenant, source } = await start(
      {},
      { dataSpace: "emea", audience: "https://test.salesforce.com" },
    );
    await source.token();
    expect(formOf(tenant.exchanges[0]).dataspace).toBe("emea");
    expect(decodeJwt(formOf(tenant.logins[0]).assertion ?? "").aud).toBe(
      "https://test.salesforce.com",
    );
  });

  it("prints as *** however it is printed", async () => {
    const { source } = await start();
    const token = await source.token();
    const prints = [
      inspect(token, { depth: 9, showHidden: true }),
      JSON.stringify(token),
      `${token.secret}`,
    ];
    for (const print of prints) expect(print).not.toContain("canary");
    expect(prints[1]).toContain('"secret":"***"');
  });
});

describe("renewal", () => {
  it("is one for any number of callers at a time", async () => {
    const { tenant, source } = await start();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => source.token()));
    expect(new Set(tokens).size).toBe(1);
    expect(tenant.logins).toHaveLength(1);
    expect(tenant.exchanges).toHaveLength(1);
  });

  it("comes ahead of the end, as soon as less life is left than the caller needs", async () => {
    const { tenant, timing, source } = await start({ expiresIn: 7200 });
    const first = await source.token();
    timing.pass(seconds(7200 - 600));
    expect(await source.token({ minLifeMs: seconds(600) })).toBe(first);
    timing.pass(milliseconds(1));
    expect(await source.token({ minLifeMs: seconds(599) })).toBe(first);
    expect(await source.token({ minLifeMs: seconds(600) })).not.toBe(first);
    expect(tenant.exchanges).toHaveLength(2);
  });

  it("leaves 120 s of life where the caller names no need", async () => {
    const { timing, source } = await start({ expiresIn: 7200 });
    const first = await source.token();
    timing.pass(seconds(7200 - 120));
    expect(await source.token()).toBe(first);
    timing.pass(milliseconds(1));
    expect(await source.token()).not.toBe(first);
  });

  it("does not loop where every token lives shorter than the caller needs", async () => {
    const { tenant, timing, source } = await start({ expiresIn: 60 });
    const first = await source.token({ minLifeMs: seconds(600) });
    expect(await source.token({ minLifeMs: seconds(600) })).toBe(first);
    timing.pass(seconds(31));
    expect(await source.token({ minLifeMs: seconds(600) })).not.toBe(first);
    expect(tenant.exchanges).toHaveLength(2);
  });

  it("follows an invalidation, but not one of an older token", async () => {
    const { source } = await start();
    const first = await source.token();
    source.invalidate(first);
    const second = await source.token();
    expect(second).not.toBe(first);
    source.invalidate(first);
    expect(await source.token()).toBe(second);
  });

  it("is tried anew by the next caller after it failed", async () => {
    const { source, tenant } = await start({
      login: (response, count) =>
        count === 1
          ? json(response, 200, {})
          : json(response, 200, coreToken(tenant.origin, count)),
    });
    await expect(source.token()).rejects.toMatchObject({ code: "ERR_API_UNREACHABLE" });
    expect((await source.token()).secret.reveal()).toBe("cloud-token-1-canary");
  });

  it("is tried anew no sooner than 30 s after a refusal, whoever asks", async () => {
    const { source, tenant, timing } = await start({
      login: (response, count) =>
        count === 1
          ? json(response, 400, { error: "invalid_client_id" })
          : json(response, 200, coreToken(tenant.origin, count)),
    });
    for (let caller = 1; caller <= 5; caller += 1)
      await expect(source.token()).rejects.toMatchObject({ code: "ERR_AUTH_REFUSED" });
    timing.pass(milliseconds(29_999));
    await expect(source.token()).rejects.toMatchObject({ code: "ERR_AUTH_REFUSED" });
    expect(tenant.logins).toHaveLength(1);
    timing.pass(milliseconds(1));
    expect((await source.token()).secret.reveal()).toBe("cloud-token-1-canary");
  });

  it("goes on for the others where one caller is aborted", async () => {
    const reason = new Error("stop");
    const control = new AbortController();
    const { source, tenant } = await start({
      login: (response, count) => {
        control.abort(reason);
        json(response, 200, coreToken(tenant.origin, count));
      },
    });
    const aborted = source.token({ signal: control.signal });
    const other = source.token();
    await expect(aborted).rejects.toBe(reason);
    expect((await other).secret.reveal()).toBe("cloud-token-1-canary");
    expect(tenant.logins).toHaveLength(1);
  });

  it("survives two passing faults of each service", async () => {
    const { source, tenant, timing } = await start({
      login: (response, count) =>
        count < 3 ? response.destroy() : json(response, 200, coreToken(tenant.origin, count)),
      exchange: (response, count) =>
        count < 3
          ? response.writeHead(500).end("<html>")
          : json(response, 200, cloudToken(tenant.origin, count)),
    });
    expect((await source.token()).secret.reveal()).toBe("cloud-token-3-canary");
    expect(timing.sleeps).toHaveLength(4);
  });
});

describe("a login by a clock that differs", () => {
  it.each([-3600, 3600])("by %i s is repeated once by the server's", async (offsetSeconds) => {
    const exps: number[] = [];
    const { source, tenant, timing } = await start({
      login(response, count) {
        const { exp = 0 } = decodeJwt(formOf(tenant.logins[count - 1]).assertion ?? "");
        const serverSeconds = Math.floor(timing.now() / 1000) + offsetSeconds;
        exps.push(exp - serverSeconds);
        const date = new Date(serverSeconds * 1000).toUTCString();
        const good = exp > serverSeconds && exp <= serverSeconds + 180;
        if (good) return json(response, 200, coreToken(tenant.origin, count), { date });
        return json(response, 400, { error: "invalid_grant" }, { date });
      },
    });
    await source.token();
    expect(exps).toHaveLength(2);
    expect(Math.abs((exps[1] ?? 0) - 120)).toBeLessThanOrEqual(1);
  });

  it("is not repeated where the clocks agree", async () => {
    const { source, tenant } = await start({
      login: (response) => json(response, 400, { error: "invalid_grant" }),
    });
    await expect(source.token()).rejects.toMatchObject({
      code: "ERR_AUTH_REFUSED",
      fields: { operation: "login", status: 400, error: "invalid_grant" },
    });
    expect(tenant.logins).toHaveLength(1);
  });
});

describe("a token is refused", () => {
  it("where the exchange is", async () => {
    const { source } = await start({
      exchange: (response) => json(response, 400, { error: "invalid_scope" }),
    });
    await expect(source.token()).rejects.toMatchObject({
      code: "ERR_AUTH_REFUSED",
      fields: { operation: "token-exchange", error: "invalid_scope" },
    });
  });

  it.each([
    ["without access_token", { instance_url: "x.salesforce.com", expires_in: 1 }],
    [
      "with a line break in its token",
      { access_token: "a\r\nb", instance_url: "x", expires_in: 1 },
    ],
    ["without expires_in", { access_token: "a", instance_url: "x" }],
    ["with a negative expires_in", { access_token: "a", instance_url: "x", expires_in: -1 }],
  ])("where the answer comes %s", async (_, body) => {
    const { source } = await start({ exchange: (response) => json(response, 200, body) });
    await expect(source.token()).rejects.toMatchObject({
      code: "ERR_API_UNREACHABLE",
      cause: { code: "ERR_API_UNEXPECTED" },
    });
  });

  it("where the login answers with HTML or nothing", async () => {
    for (const body of ["<html>", ""]) {
      const { source } = await start({ login: (response) => response.writeHead(200).end(body) });
      await expect(source.token()).rejects.toMatchObject({
        code: "ERR_API_UNREACHABLE",
        cause: { code: "ERR_API_UNEXPECTED" },
      });
    }
  });

  it("where the first instance URL is not allowed, and the token is sent nowhere", async () => {
    const { source, tenant } = await start({
      login: (response) => json(response, 200, coreToken("https://evilsalesforce.com", 1)),
    });
    await expect(source.token()).rejects.toMatchObject({
      code: "ERR_INSTANCE_URL",
      fields: { operation: "login", seen: "https://evilsalesforce.com" },
    });
    expect(tenant.exchanges).toHaveLength(0);
  });

  it("where the second instance URL is not allowed, and its user info is not shown", async () => {
    const { source } = await start({
      exchange: (response) =>
        json(response, 200, {
          ...cloudToken("", 1),
          instance_url: "https://u:canary@x.salesforce.com",
        }),
    });
    const refusal = source.token();
    await expect(refusal).rejects.toMatchObject({
      code: "ERR_INSTANCE_URL",
      fields: { operation: "token-exchange", seen: "***@x.salesforce.com" },
      message: expect.not.stringContaining("canary"),
    });
  });

  it("where the login service redirects, and the assertion is not carried on", async () => {
    const elsewhere = await startTenant();
    const { source } = await start({
      login: (response) =>
        response.writeHead(307, { location: `${elsewhere.origin}/services/oauth2/token` }).end(),
    });
    await expect(source.token()).rejects.toMatchObject({
      code: "ERR_API_UNREACHABLE",
      fields: { operation: "login", status: 307 },
    });
    expect(elsewhere.logins).toHaveLength(0);
  });

  it("where the key file is readable by others, before anything is sent", async () => {
    const { source, tenant } = await start();
    await chmod(tenant.connection.keyFile, 0o644);
    await expect(source.token()).rejects.toMatchObject({ code: "ERR_KEY_FILE" });
    expect(tenant.logins).toHaveLength(0);
  });

  it("where the login service cannot be reached", async () => {
    const { tenant } = await start();
    const connection = { ...tenant.connection, loginUrl: "http://127.0.0.1:1" };
    const timing = testTiming();
    const source = createTokenSource(connection, { transport: testTransport(), timing });
    await expect(source.token()).rejects.toMatchObject({
      code: "ERR_API_UNREACHABLE",
      fields: { operation: "login" },
    });
    expect(timing.sleeps).toHaveLength(3);
  });

  it.each([
    ["hangs up", (response: ServerResponse) => response.destroy(), "ERR_API_UNKNOWN_OUTCOME"],
    ["fails", (response: ServerResponse) => response.writeHead(503).end(), "ERR_API_SERVER"],
    ["throttles", (response: ServerResponse) => response.writeHead(429).end(), "ERR_API_THROTTLED"],
  ])(
    "where a service %s for good, as if it were away, for nothing was sent to the API",
    async (_, fail, code) => {
      for (const options of [{ login: fail }, { exchange: fail }]) {
        const { source } = await start(options);
        await expect(source.token()).rejects.toMatchObject({
          code: "ERR_API_UNREACHABLE",
          cause: { code },
        });
      }
    },
  );

  it.each([
    ["plain http beyond loopback", { loginUrl: "http://login.salesforce.com" }],
    ["another host", { loginUrl: "https://login.evil.com" }],
    ["a path", { loginUrl: "https://login.salesforce.com/services" }],
    ["loopback where it is not allowed", { allowPlainHttpOnLoopback: false }],
  ])("at once for a login URL with %s", async (_, settings) => {
    await expect(start({}, settings)).rejects.toMatchObject({
      code: "ERR_CONFIG",
      fields: { setting: "loginUrl" },
    });
  });
});

describe("no error of a login shows a secret", () => {
  const echo = `core-token-1-canary eyJhbGciOiJSUzI1NiJ9.${"canary".repeat(9)}`;
  it.each([
    [
      "an echo in the refusal",
      { login: (r) => json(r, 400, { error: "x", error_description: echo.slice(20) }) },
    ],
    ["an echo in a server error", { exchange: (r) => json(r, 500, { token: echo }) }],
    ["an echo in HTML", { exchange: (r) => r.writeHead(200).end(`<p>${echo}`) }],
    ["a broken contract", { exchange: (r) => json(r, 200, { access_token: "token-canary" }) }],
    [
      "a bad instance URL",
      { login: (r) => json(r, 200, { ...coreToken("", 1), instance_url: "a b" }) },
    ],
  ] satisfies [string, TenantOptions][])("after %s", async (_, options) => {
    const { source } = await start(options);
    const error = await source.token().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(isBulkError(error)).toBe(true);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary|PRIVATE KEY/);
  });
});
