/**
 * Runs the Ingestion API's contract against the emulator, and against a real tenant where
 * HEADGATE_TENANT_* variables name one: packages/ingestion-api/README.md lists them.
 */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Emulator, type EmulatorSettingsInput, startEmulator } from "@headgate/emulator";
import { connectIngestionApi } from "@headgate/ingestion-api";
import { describeIngestionApi } from "@headgate/ingestion-api/conformance";
import { parseConnectorSchema } from "@headgate/ingestion-api/contract";
import { afterAll, beforeAll, describe } from "vitest";

const shopYaml = `openapi: 3.0.3
components:
  schemas:
    orders:
      x-primary-key: id
      properties:
        id: { type: string }
        placed: { type: string, format: date-time }
        due: { type: string, format: date }
        total: { type: number }
        paid: { type: boolean }
        note: { type: string }
    a: { properties: { id: { type: number } } }
    b: { properties: { id: { type: number } } }
    c: { properties: { id: { type: number } } }
    d: { properties: { id: { type: number } } }
    e: { properties: { id: { type: number } } }
`;

describeEmulator("emulator, as recorded from live orgs", {});
describeEmulator("emulator, as documented", {
  strictLogin: true,
  instanceUrlStyle: "with-scheme",
  uploadStatus: 201,
  validationStatus: 202,
  retryAfter: "http-date",
  listDirection: "descending",
});
describeTenant(process.env);

function describeEmulator(name: string, settings: EmulatorSettingsInput): void {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const [consumerKey, user] = ["conformance", "robot@example.test"];
  let folder: string;
  let emulator: Emulator;

  describe(name, () => {
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "headgate-conformance-"));
      await writeFile(join(folder, "key.pem"), privateKey, { mode: 0o600 });
      emulator = await startEmulator({
        clock: "manual",
        schemas: { shop: shopYaml },
        connectedApps: [{ consumerKey, publicKey, users: [user] }],
        settings,
      });
    });
    afterAll(async () => {
      await emulator.close();
      await rm(folder, { recursive: true });
    });

    const schema = parseConnectorSchema(shopYaml);
    describeIngestionApi({
      name,
      destructive: true,
      limits: true,
      targets: [
        { sourceName: "shop", schema, object: "orders" },
        ...["a", "b", "c", "d", "e"].map((object) => ({ sourceName: "shop", schema, object })),
      ],
      connect: () =>
        connectIngestionApi({
          loginUrl: emulator.url,
          consumerKey,
          user,
          keyFile: join(folder, "key.pem"),
          allowPlainHttpOnLoopback: true,
        }),
      async wait(span) {
        emulator.clock.advance(span);
      },
    });
  });
}

function describeTenant(environment: Readonly<Record<string, string | undefined>>): void {
  const setting = (name: string) => environment[`HEADGATE_TENANT_${name}`] || undefined;
  const loginUrl = setting("LOGIN_URL");
  if (loginUrl === undefined) return;
  const needed = (name: string) => {
    const value = setting(name);
    if (value === undefined) throw new Error(`HEADGATE_TENANT_${name} is not set`);
    return value;
  };
  const connection = {
    loginUrl,
    consumerKey: needed("CONSUMER_KEY"),
    user: needed("USER"),
    keyFile: needed("KEY_FILE"),
    audience: setting("AUDIENCE"),
    dataSpace: setting("DATA_SPACE"),
    allowedHostSuffixes: setting("ALLOWED_HOSTS")?.split(","),
  };
  describeIngestionApi({
    name: "real tenant",
    destructive: setting("WRITES") === "true",
    limits: false,
    targets: [
      {
        sourceName: needed("SOURCE_NAME"),
        schema: parseConnectorSchema(readFileSync(needed("SCHEMA_FILE"), "utf8")),
        object: needed("OBJECT"),
      },
    ],
    connect: () => connectIngestionApi(connection),
    wait: (span) => sleep(span),
  });
}
