/** A whole, healthy headgate configuration with all that it names, for the doctor to look at. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type LoadedConfig, loadConfig, newApiKey } from "@headgate/config";
import { type Emulator, type EmulatorOptions, startEmulator } from "@headgate/emulator";
import { type S3StandInOptions, startS3StandIn } from "@headgate/standalone/s3-stand-in";
import { type Check, type DoctorReport, runDoctor } from "@headgate/worker/doctor";
import { inject, onTestFinished, vi } from "vitest";

export interface PatientOptions {
  readonly emulator?: EmulatorOptions;
  readonly s3?: Partial<S3StandInOptions>;
}

export interface Patient {
  readonly folder: string;
  readonly prefix: string;
  readonly emulator: Emulator;
  /** What headgate.yaml says where a test does not change it. */
  readonly settings: Settings;
  /** Writes headgate.yaml and loads it. */
  load(settings?: Changed): Promise<LoadedConfig>;
  /** Loads headgate.yaml and runs the doctor; `now` is the clock of this machine. */
  diagnose(settings?: Changed, now?: () => number): Promise<DoctorReport>;
  /** The check of this id out of `diagnose`. */
  check(id: string, settings?: Changed, now?: () => number): Promise<Check>;
}

type Settings = ReturnType<typeof settingsOf>;
/** Sections that stand in place of the patient's own. */
type Changed = Readonly<Record<string, unknown>>;

const credentials = { accessKeyId: "patient", secretAccessKey: randomBytes(12).toString("hex") };
const consumerKey = "patient";
const signingKey = randomBytes(32).toString("base64");
const user = "loader@example.com";
const schema = `openapi: 3.0.3
components:
  schemas:
    orders: { type: object, properties: { id: { type: string }, total: { type: number } } }
`;

/** Everything is released when the test has finished. */
export async function startPatient(options: PatientOptions = {}): Promise<Patient> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-doctor-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  vi.stubEnv("AWS_ACCESS_KEY_ID", credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey);
  onTestFinished(() => void vi.unstubAllEnvs());
  const publicKey = await writeKeyPair(folder);
  const emulator = await startEmulator({
    schemas: { crm: schema },
    connectedApps: [{ consumerKey, publicKey, users: [user] }],
    ...options.emulator,
  });
  onTestFinished(() => emulator.close());
  const s3Url = await startBuckets(join(folder, "s3"), options.s3);
  await writeFile(join(folder, "crm.yaml"), schema);
  await mkdir(join(folder, "uploads"), { mode: 0o700 });

  const prefix = `test-${randomBytes(6).toString("hex")}`;
  const settings = settingsOf({ folder, prefix, loginUrl: emulator.url, s3Url });
  const patient: Patient = {
    folder,
    prefix,
    emulator,
    settings,
    async load(changes = {}) {
      const path = join(folder, "headgate.yaml");
      await writeFile(path, JSON.stringify({ ...settings, ...changes }));
      return loadConfig({ path });
    },
    async diagnose(changes, now = Date.now) {
      const { signal } = new AbortController();
      return await runDoctor(await patient.load(changes), { signal, now });
    },
    async check(id, changes, now) {
      const { checks } = await patient.diagnose(changes, now);
      const found = checks.find((check) => check.id === id);
      if (found === undefined) throw new Error(`no check ${id}: ${checks.map((c) => c.id).join()}`);
      return found;
    },
  };
  return patient;
}

function settingsOf(made: {
  readonly folder: string;
  readonly prefix: string;
  readonly loginUrl: string;
  readonly s3Url: string;
}) {
  const { folder, prefix, loginUrl, s3Url } = made;
  return {
    redis: { url: inject("redisUrl"), prefix, allowVolatile: false, signingKey },
    connections: {
      default: {
        loginUrl,
        consumerKey,
        user,
        keyFile: "tenant.key",
        allowLoopback: true,
        connectors: { crm: { schema: "crm.yaml" } },
      },
    },
    sources: {
      s3: { endpoint: s3Url, region: "us-east-1", buckets: ["exports"] },
      filesRoot: folder,
      uploads: { folder: join(folder, "uploads") },
    },
    worker: { scratchFolder: folder },
    clients: { nightly: { keys: [{ hash: newApiKey("nightly").hash }] } },
  };
}

/** Writes `tenant.key`; answers the public key for the connected app. */
async function writeKeyPair(folder: string): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  await writeFile(join(folder, "tenant.key"), pem, { mode: 0o600 });
  return publicKey.export({ type: "spki", format: "pem" }).toString();
}

/** The bucket `exports` with one object, and the empty bucket `empty`. */
async function startBuckets(
  folder: string,
  options: Partial<S3StandInOptions> = {},
): Promise<string> {
  const s3 = await startS3StandIn({ folder, ...credentials, ...options });
  onTestFinished(() => s3.close());
  const client = new S3Client({
    endpoint: s3.url,
    region: "us-east-1",
    forcePathStyle: true,
    credentials,
  });
  for (const Bucket of ["exports", "empty"]) await client.send(new CreateBucketCommand({ Bucket }));
  await client.send(new PutObjectCommand({ Bucket: "exports", Key: "a.csv", Body: "id\n1\n" }));
  client.destroy();
  return s3.url;
}
