/** A tenant that refuses, each step of the login by itself. */
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { seconds } from "@headgate/core";
import { connectIngestionApi } from "@headgate/ingestion-api";
import { describe, expect, it, onTestFinished } from "vitest";
import { nobody, serve } from "./http-server.ts";
import { type Patient, startPatient } from "./patient.ts";

const withLogin = ({ settings: { connections } }: Patient, changes: object) => ({
  connections: { default: { ...connections.default, ...changes } },
});

/** Answers the status of each step by id, and the check that failed. */
async function diagnosis(patient: Patient, changes: object = {}) {
  const { ok, checks } = await patient.diagnose(withLogin(patient, changes));
  const steps = ["login", "exchange", "list"].map(
    (step) => checks.find(({ id }) => id === `connection.default.${step}`)?.status,
  );
  const failed = checks.find(({ status }) => status === "fail");
  return { ok, steps, failed };
}

describe("the Salesforce token is refused", () => {
  it.each([
    ["to a user who is not approved", { user: "stranger@example.com" }, "pre-authorise the user"],
    ["for another audience", { audience: "https://example.org" }, "set audience"],
    ["to an unknown consumer key", { consumerKey: "unknown" }, "consumerKey"],
  ])("%s", async (_, changes, advice) => {
    const { ok, steps, failed } = await diagnosis(await startPatient(), changes);
    expect(ok).toBe(false);
    expect(steps).toEqual(["fail", "skip", "skip"]);
    expect(failed).toMatchObject({ advice: expect.stringContaining(advice) });
  });

  it("to a key whose certificate the app does not have", async () => {
    const patient = await startPatient();
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    await writeFile(join(patient.folder, "tenant.key"), pem, { mode: 0o600 });
    const { steps, failed } = await diagnosis(patient);
    expect(steps).toEqual(["fail", "skip", "skip"]);
    expect(failed).toMatchObject({ advice: expect.stringContaining("certificate") });
  });

  it("because no Salesforce answers at the login URL", async () => {
    const loginUrl = await serve((_, response) => response.writeHead(404).end("<html>"));
    const { steps, failed } = await diagnosis(await startPatient(), { loginUrl });
    expect(steps).toEqual(["fail", "skip", "skip"]);
    expect(failed).toMatchObject({ advice: expect.stringContaining("see loginUrl") });
  });

  it("because nothing answers at the login URL", async () => {
    const { steps, failed } = await diagnosis(await startPatient(), {
      loginUrl: await nobody(),
    });
    expect(steps).toEqual(["fail", "skip", "skip"]);
    expect(failed).toMatchObject({
      detail: expect.stringContaining("ECONNREFUSED"),
      advice: expect.stringContaining("loginUrl"),
    });
  });

  it("because the instance that it is for is a stranger's", async () => {
    const loginUrl = await serve((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ access_token: "t", instance_url: "https://evil.example.com" }));
    });
    const { failed } = await diagnosis(await startPatient(), { loginUrl });
    expect(failed).toMatchObject({
      id: "connection.default.login",
      detail: expect.stringContaining("evil.example.com"),
      advice: expect.stringContaining("allowedHosts"),
    });
  });
});

describe("the Data Cloud token is refused", () => {
  it("without the scope, while the Salesforce token was granted", async () => {
    const patient = await startPatient();
    const body = { error: "invalid_scope", error_description: "no cdp scope" };
    patient.emulator.control.addFaults({ kind: "error", route: "exchange", status: 400, body });
    const { steps, failed } = await diagnosis(patient);
    expect(steps).toEqual(["ok", "fail", "skip"]);
    expect(failed).toMatchObject({ advice: expect.stringContaining("cdp_ingest_api") });
  });
});

describe("the job list", () => {
  it.each([
    [401, "ERR_API_UNAUTHORIZED", "permission set"],
    [403, "ERR_API_FORBIDDEN", "permission set"],
    [404, "ERR_API_NOT_FOUND", "Data Cloud Setup"],
    [429, "ERR_API_THROTTLED", "limit of calls"],
  ])("answered %i fails", async (status, code, advice) => {
    const patient = await startPatient();
    patient.emulator.control.addFaults({ kind: "error", route: "list", status, times: "always" });
    const { steps, failed } = await diagnosis(patient);
    expect(steps).toEqual(["ok", "ok", "fail"]);
    expect(failed).toMatchObject({
      detail: expect.stringContaining(code),
      advice: expect.stringContaining(advice),
    });
  });

  it("is warned of where other tools hold all permits", async () => {
    const patient = await startPatient();
    const { connections } = patient.settings;
    const other = connectIngestionApi({
      ...connections.default,
      keyFile: join(patient.folder, "tenant.key"),
      allowPlainHttpOnLoopback: true,
    });
    onTestFinished(() => other.close());
    await other.client.createBulkJob({ sourceName: "crm", object: "orders", operation: "upsert" });
    const changes = withLogin(patient, { limits: { permits: 1 } });
    expect(await patient.check("connection.default.list", changes)).toMatchObject({
      status: "warn",
      detail: "1 unfinished bulk jobs by anyone, allowed are 1: none can be created now",
      advice: expect.stringContaining("headgate bulk-jobs"),
    });
  });
});

it("a tenant's clock that is over 3 minutes off fails, also where the login is refused", async () => {
  const patient = await startPatient({ emulator: { clock: "manual" } });
  patient.emulator.clock.advance(seconds(240));
  expect(await patient.check("connection.default.clock")).toMatchObject({
    status: "fail",
    detail: expect.stringMatching(/^the tenant is 2\d\d\.\d s ahead/),
    advice: expect.stringContaining("NTP"),
  });
  const stranger = withLogin(patient, { user: "stranger@example.com" });
  expect(await patient.check("connection.default.clock", stranger)).toMatchObject({
    status: "fail",
  });
});

describe("the key set of JSON Web Tokens", () => {
  const jwt = (jwksUrl: string) => ({ jwt: { issuer: "i", audience: "a", jwksUrl } });
  const answering = (status: number, body: unknown) =>
    serve((_, response) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });

  it("is fine with a key for the algorithms", async () => {
    const url = await answering(200, { keys: [{ kty: "RSA" }, { kty: "EC" }] });
    expect(await (await startPatient()).check("jwt.keys", jwt(url))).toMatchObject({
      status: "ok",
      detail: `${url} has 1 keys for RS256`,
    });
  });

  it.each([
    ["another key type", 200, { keys: [{ kty: "EC" }] }],
    ["a key of another algorithm", 200, { keys: [{ kty: "RSA", alg: "PS256" }] }],
    ["no key", 200, { keys: [] }],
    ["another shape", 200, { jwks: [] }],
    ["HTML", 200, "<html>", "does not answer with JSON"],
    ["an error", 500, "{}", "answers 500"],
  ])("fails with %s", async (_, status, body, detail = "") => {
    const url = await answering(status, body);
    expect(await (await startPatient()).check("jwt.keys", jwt(url))).toMatchObject({
      status: "fail",
      detail: expect.stringContaining(detail),
      advice: expect.stringContaining("jwt."),
    });
  });

  it("fails where nothing answers, and says so", async () => {
    const url = await nobody();
    expect(await (await startPatient()).check("jwt.keys", jwt(url))).toMatchObject({
      status: "fail",
      detail: `${url} cannot be reached: ECONNREFUSED`,
    });
  });

  it("fails where a redirect would lead elsewhere", async () => {
    const url = await serve((_, response) => response.writeHead(302, { location: "/" }).end());
    expect(await (await startPatient()).check("jwt.keys", jwt(url))).toMatchObject({
      status: "fail",
      detail: `${url} cannot be fetched: it redirects, or does not speak HTTP`,
    });
  });
});
