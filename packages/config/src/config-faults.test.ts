import { describe, expect, it } from "vitest";
import { configFolder, faultsIn, faultsOf, minimal } from "./config-folder.test-support.ts";

const crm = `openapi: 3.0.3
components:
  schemas:
    orders:
      type: object
      properties:
        id: { type: string }
        note: { type: string }
`;

describe("a fault", () => {
  it("of a schema file that several connectors name is told once", () => {
    const folder = configFolder();
    folder.write("crm.yaml", crm.replace("id: { type: string }", "id: { type: blob }"));
    const path = folder.write(
      "headgate.yaml",
      minimal.replace(
        "crm: { schema: none }",
        "{ a: { schema: crm.yaml }, b: { schema: crm.yaml } }",
      ),
    );
    expect(faultsOf({ path })).toHaveLength(1);
  });

  it("is told with all others, each with its place, its setting, what is seen and allowed", () => {
    const folder = configFolder();
    folder.write("crm.yaml", crm.replace("id: { type: string }", "id: { type: blob }"));
    const path = folder.write(
      "headgate.yaml",
      `redis:
  prefix: a:b
  urls: x
connections:
  default:
    consumerKey: app
    user: [a]
    keyFile: k.pem
    connectors:
      crm: { schema: crm.yaml }
      web: { schema: web.yaml }
    limits: { slots: 5, reserveSlots: 5 }
    polling: { minMs: 500, maxMs: 400 }
  Second: {}
clients:
  a: { subject: x, connections: [nope] }
  b: { subject: x, sources: [s3://b] }
streamClient: c
logLevel: loud
`,
    );
    expect(
      faultsOf({ path, environment: { HEADGATE__API__PORT: "99999", HEADGATE__NO: "1" } }),
    ).toEqual([
      'HEADGATE__NO names no setting: headgate.yaml has no "NO"; there are redis, connections, sources, preflight, schedules, clients, streamClient, jwt, api, worker, retention, logLevel',
      'headgate.yaml:2:3 redis.prefix: must be 1 to 32 letters, digits, _ and - (seen: "a:b")',
      "headgate.yaml:3:3 redis.urls: is not a setting; did you mean url?",
      "headgate.yaml:7:5 connections.default.user: must be text (seen: a list)",
      "headgate.yaml:12:25 connections.default.limits.reserveSlots: must be less than slots, 5 (seen: 5)",
      "headgate.yaml:13:28 connections.default.polling.maxMs: must be at least minMs, 500 (seen: 400)",
      "headgate.yaml:14:3 connections.Second: a name must be a-z, 0-9 and -, 1 to 32 long",
      'headgate.yaml:17:30 clients.b.sources.0: must be s3://bucket/, s3://bucket/folder/ or file:///folder/, ending in a slash (seen: "s3://b")',
      "HEADGATE__API__PORT api.port: must be at most 65535 (seen: 99999)",
      'headgate.yaml:19:1 logLevel: must be one of trace, debug, info, warn, error, fatal, silent (seen: "loud")',
      "headgate.yaml:11:14 connections.default.connectors.web.schema: web.yaml cannot be read (ENOENT)",
      'headgate.yaml:16:34 clients.a.connections.0: must be one of default, Second (seen: "nope")',
      'headgate.yaml:18:1 streamClient: must be one of a, b (seen: "c")',
      'crm.yaml:7 object "orders", field "id": type must be string, number or boolean, not "blob"',
    ]);
  });

  it.each([
    ["user: null", "must be text (seen: nothing)"],
    ["user: 5", "must be text (seen: 5)"],
    ['user: ""', 'must not be empty (seen: "")'],
    [
      `user: ${"x".repeat(300)}`,
      `must be at most 255 characters long (seen: "${"x".repeat(80)}…")`,
    ],
    ["loginUrl: login", 'must be a URL such as https://login.salesforce.com (seen: "login")'],
    [
      "loginUrl: ftp://login.salesforce.com",
      'cannot be logged in at: it is not a plain host with an optional scheme, port and final slash (seen: "ftp://login.salesforce.com")',
    ],
    [
      "loginUrl: http://login.salesforce.com",
      'cannot be logged in at: the scheme is http (seen: "http://login.salesforce.com")',
    ],
    [
      "loginUrl: https://login.example.com",
      'cannot be logged in at: the host ends with none of the allowed suffixes (salesforce.com) (seen: "https://login.example.com")',
    ],
    [
      "loginUrl: http://127.0.0.1:1",
      'cannot be logged in at: it is a loopback host; for an emulator set allowLoopback: true (seen: "http://127.0.0.1:1")',
    ],
    ["allowedHosts: []", "must be at least 1 long (seen: a list)"],
    ["allowLoopback: yes", 'must be true or false (seen: "yes")'],
    ["caFile: nowhere.pem", "nowhere.pem cannot be read (ENOENT)"],
    ["caFile: headgate.yaml", "headgate.yaml holds no certificate in PEM"],
    ["connectors: {}", "must name at least one connector (seen: a mapping)"],
    ["connectors: []", "must be a mapping (name: …) (seen: a list)"],
    ["connectors: { 'a b': { schema: none } }", "a name must be 1 to 80 of a-z, A-Z, 0-9, _ and -"],
    ["connectors: { crm: {} }", "must be set"],
    [
      "connectors: { crm: { schema: none, objects: { o: { primaryKey: k } } } }",
      "needs a schema, and this connector has none",
    ],
    ["limits: { slots: 0 }", "must be at least 1 (seen: 0)"],
    ["limits: { slots: 2.5 }", "must be a whole number (seen: 2.5)"],
    ["limits: { slots: .inf }", "must be a number (seen: Infinity)"],
    ["limits: { permits: 5, reservePermits: 5 }", "must be less than permits, 5 (seen: 5)"],
    ["onUnknownUpload: retry", 'must be one of reput, restart (seen: "retry")'],
  ])("of a connection with %s is named", (line, message) => {
    const key = /^\w+/.exec(line)?.[0] ?? "";
    const text = minimal.replace(new RegExp(`^    ${key}:.*\\n(      .*\\n)*`, "m"), "");
    const faults = faultsIn(`${text}    ${line}\n`);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(
      new RegExp(`^headgate.yaml:\\d+:\\d+ connections\\.default\\.${key}`),
    );
    expect(faults[0]).toContain(`: ${message}`);
  });

  it.each([
    ["redis: 5", "redis: must be a mapping (key: value) (seen: a number)"],
    [
      "redis: { url: http://x }",
      "redis.url: must be a redis://, rediss:// or unix:///path URL (seen: text)",
    ],
    [
      "redis: { url: 'redis://a b' }",
      "redis.url: must be a redis://, rediss:// or unix:///path URL",
    ],
    ["redis: { url: 'redis://' }", "redis.url: must be a redis://, rediss:// or unix:///path URL"],
    [
      "redis: { url: 'unix://redis.sock' }",
      "redis.url: must be a redis://, rediss:// or unix:///path URL",
    ],
    [
      "redis: { url: 5 }",
      "redis.url: must be text, or {file: path} of a file that holds it (seen: a number)",
    ],
    ["redis: { url: { file: nowhere } }", "redis.url.file: nowhere cannot be read (ENOENT)"],
    [
      `redis: { signingKey: ${"k".repeat(31)} }`,
      "redis.signingKey: must be 32 characters or longer, without blanks, such as openssl rand -base64 32 makes (seen: text)",
    ],
    [
      `redis: { signingKey: ${"k".repeat(32)}, acceptedKeys: [{ file: nowhere }] }`,
      "redis.acceptedKeys.0.file: nowhere cannot be read (ENOENT)",
    ],
    [
      `redis: { acceptedKeys: [${"k".repeat(32)}] }`,
      "redis.acceptedKeys: needs signingKey: without it no seal is looked at",
    ],
    [
      "redis: { url: { file: headgate.yaml } }",
      "redis.url.file: must hold a redis://, rediss:// or unix:///path URL",
    ],
    [
      "sources: { s3: { endpoint: minio } }",
      'sources.s3.endpoint: must be an http:// or https:// URL (seen: "minio")',
    ],
    ["sources: { uploads: {} }", "sources.uploads.folder: must be set"],
    [
      "jwt: { issuer: i, audience: a, jwksUrl: http://example.com }",
      'jwt.jwksUrl: must be https://, or http:// on loopback (seen: "http://example.com")',
    ],
    [
      "jwt: { issuer: i, audience: a, jwksUrl: 'https://x', algorithms: [none] }",
      "jwt.algorithms.0: must be one of RS256",
    ],
    [
      "api: { board: { user: 'a:b', passwordFile: x } }",
      'api.board.user: must be 1 to 255 characters without a colon (seen: "a:b")',
    ],
    ["worker: { stopSeconds: 601 }", "worker.stopSeconds: must be at most 600 (seen: 601)"],
    ["retention: { days: 0 }", "retention.days: must be at least 1 (seen: 0)"],
    ["clients: { Airflow: {} }", "clients.Airflow: a name must be a-z, 0-9 and -, 1 to 32 long"],
    ["clients: { redis: {} }", "clients.redis: is the owner of what comes by the Redis stream"],
    [
      "clients: { a: { scopes: [root] } }",
      'clients.a.scopes.0: must be one of enqueue, read, operate, admin (seen: "root")',
    ],
    ["clients: { a: { scopes: [] } }", "clients.a.scopes: must be at least 1 long (seen: a list)"],
    [
      "clients: { a: { keys: [{ hash: x }] } }",
      'clients.a.keys.0.hash: must be sha256: and 64 hex digits (seen: "x")',
    ],
    [
      `clients: { a: { keys: [{ hash: "sha256:${"0".repeat(64)}", expires: tomorrow }] } }`,
      'clients.a.keys.0.expires: must be an instant such as 2027-01-31T00:00:00Z (seen: "tomorrow")',
    ],
    [
      `clients: { a: { keys: [{ hash: &h "sha256:${"0".repeat(64)}" }] }, b: { keys: [{ hash: *h }] } }`,
      "clients.b.keys.0.hash: is also a key of client a",
    ],
    [
      "clients: { a: { subject: s }, b: { subject: s } }",
      "clients.b.subject: is also the subject of client a",
    ],
    [
      "schedules: { n: { cron: '61 2 * * *', targets: [{ sourceName: crm, object: o, source: { uri: 's3://bucket/k' } }] } }",
      "schedules.n.cron: ",
    ],
    [
      "schedules: { n: { cron: '0 2 * * *', timeZone: Mars, targets: [{ sourceName: crm, object: o, source: { uri: 's3://bucket/k' } }] } }",
      "schedules.n.timeZone: ",
    ],
    [
      "schedules: { n: { cron: '0 2 * * *', connection: emea, targets: [{ sourceName: crm, object: o, source: { uri: 's3://bucket/k' } }] } }",
      'schedules.n.connection: must be one of default (seen: "emea")',
    ],
    [
      "schedules: { n: { cron: '0 2 * * *', targets: [{ sourceName: erp, object: o, source: { uri: 's3://bucket/k' } }] } }",
      'schedules.n.targets.0.sourceName: connector "erp" is not configured; configured: crm',
    ],
    [
      "schedules: { n: { cron: '0 2 * * *', targets: [] } }",
      "schedules.n.targets: must be at least 1 long",
    ],
    ["schedules: { 'n n': {} }", "schedules.n n: a name must be a-z, 0-9 and -, 1 to 48 long"],
    ["conections: {}", "conections: is not a setting; did you mean connections?"],
    ["__proto__: { logLevel: debug }", "__proto__ may not be a key"],
    ["constructor: {}", "constructor: is not a setting"],
  ])("of %s is named", (line, message) => {
    const faults = faultsIn(`${minimal}${line}\n`);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^headgate\.yaml:9:\d+ /);
    expect(faults[0]).toContain(message);
  });

  it("of a target names the object that its connector does not have", () => {
    const folder = configFolder();
    folder.write("crm.yaml", crm);
    const schedule =
      "schedules: { n: { cron: '0 2 * * *', targets: [{ sourceName: crm, object: order, source: { uri: 's3://bucket/k' } }] } }";
    const path = folder.write(
      "headgate.yaml",
      `${minimal.replace("none", "crm.yaml")}${schedule}\n`,
    );
    expect(faultsOf({ path })).toEqual([
      'headgate.yaml:9:67 schedules.n.targets.0.object: connector "crm" has no object "order"; it has: orders',
    ]);
  });
});
