/** Stores and folders with each fault that they can have. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { nobody, serve } from "./http-server.ts";
import { type Patient, type PatientOptions, startPatient } from "./patient.ts";

const withS3 = ({ settings: { sources } }: Patient, changes: object) => ({
  sources: { ...sources, s3: { ...sources.s3, ...changes } },
});
const withSources = ({ settings: { sources } }: Patient, changes: object) => ({
  sources: { ...sources, ...changes },
});

describe("S3", () => {
  async function place(changes: object, options: PatientOptions = {}) {
    const patient = await startPatient(options);
    const { checks } = await patient.diagnose(withS3(patient, changes));
    return checks.find(({ id }) => id.startsWith("s3.place."));
  }

  it("may be empty", async () => {
    expect(await place({ buckets: ["empty"] })).toMatchObject({
      status: "ok",
      detail: "can be listed, and is empty",
    });
  });

  it("without the bucket fails", async () => {
    expect(await place({ buckets: ["missing"] })).toMatchObject({
      id: "s3.place.s3://missing/",
      status: "fail",
      advice: expect.stringContaining("no such bucket"),
    });
  });

  it("that refuses to list fails", async () => {
    expect(await place({}, { s3: { denied: () => true } })).toMatchObject({
      status: "fail",
      advice: expect.stringContaining("s3:ListBucket"),
    });
  });

  it("that refuses to read fails", async () => {
    expect(await place({}, { s3: { denied: (_, key) => key !== "" } })).toMatchObject({
      status: "fail",
      advice: expect.stringContaining("s3:GetObject"),
    });
  });

  it("of another region fails", async () => {
    // As Amazon answers; the stand-in takes a wrong region for a wrong signature.
    const endpoint = await serve((_, response) =>
      response
        .writeHead(400, { "content-type": "application/xml", "x-amz-bucket-region": "eu-north-1" })
        .end("<Error><Code>AuthorizationHeaderMalformed</Code></Error>"),
    );
    expect(await place({ endpoint })).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("the bucket is in region eu-north-1"),
      advice: expect.stringContaining("sources.s3.region"),
    });
  });

  it.each([
    ["AWS_ACCESS_KEY_ID", "unknown", "unknown to this S3"],
    ["AWS_SECRET_ACCESS_KEY", "wrong-canary", "its secret is wrong"],
  ])("that is asked with a wrong %s fails", async (variable, value, advice) => {
    const patient = await startPatient();
    vi.stubEnv(variable, value);
    const check = await patient.check("s3.place.s3://exports/");
    expect(check).toMatchObject({ status: "fail", advice: expect.stringContaining(advice) });
    expect(JSON.stringify(check)).not.toContain("canary");
  });

  it("without credentials fails", async () => {
    const patient = await startPatient();
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", undefined);
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    vi.stubEnv("HOME", patient.folder);
    expect(await patient.check("s3.place.s3://exports/")).toMatchObject({
      status: "fail",
      advice: expect.stringContaining("give this process AWS credentials"),
    });
  });

  it("that does not answer fails", async () => {
    const patient = await startPatient();
    const endpoint = await nobody();
    const changes = withS3(patient, { endpoint });
    expect(await patient.check("s3.endpoint", changes)).toMatchObject({
      status: "fail",
      detail: `${endpoint} does not answer: ECONNREFUSED`,
      advice: expect.stringContaining("sources.s3.endpoint"),
    });
  });

  it("whose endpoint holds a password is shown without it", async () => {
    const patient = await startPatient();
    const endpoint = patient.settings.sources.s3.endpoint.replace("//", "//user:canary@");
    const { checks } = await patient.diagnose(withS3(patient, { endpoint }));
    expect(JSON.stringify(checks)).not.toContain("canary");
  });

  it("whose clock is over 3 minutes off fails", async () => {
    const patient = await startPatient();
    expect(await patient.check("s3.clock", {}, () => Date.now() + 200_000)).toMatchObject({
      status: "fail",
      detail: expect.stringMatching(/^S3 is (199|200)\.\d s behind/),
    });
  });

  it("is tried where only a schedule names it", async () => {
    const patient = await startPatient();
    const {
      s3: { buckets: _, ...s3 },
      ...sources
    } = patient.settings.sources;
    const target = {
      sourceName: "crm",
      object: "orders",
      source: { prefix: "s3://missing/{yyyy-MM-dd}/" },
    };
    const changes = {
      sources: { ...sources, s3 },
      schedules: { nightly: { cron: "0 2 * * *", targets: [target] } },
    };
    expect(await patient.check("s3.place.s3://missing/", changes)).toMatchObject({
      status: "fail",
    });
  });

  it("is passed over where nothing names a bucket", async () => {
    const patient = await startPatient();
    expect(await patient.check("s3", { sources: {} })).toMatchObject({ status: "skip" });
  });
});

describe("a folder", () => {
  it.each([
    ["files", "filesRoot", (path: string) => ({ filesRoot: path })],
    ["uploads", "uploads.folder", (path: string) => ({ uploads: { folder: path } })],
  ])("of %s that is missing or a file fails", async (id, setting, change) => {
    const patient = await startPatient();
    const missing = join(patient.folder, "missing");
    expect(
      await patient.check(`folder.${id}`, withSources(patient, change(missing))),
    ).toMatchObject({
      status: "fail",
      detail: `${missing} cannot be used: ENOENT`,
      advice: `make the folder, or change sources.${setting}`,
    });
    const file = join(patient.folder, "crm.yaml");
    expect(await patient.check(`folder.${id}`, withSources(patient, change(file)))).toMatchObject({
      status: "fail",
      advice: `set sources.${setting} to a folder`,
    });
  });

  it("of uploads that everybody may enter is warned of", async () => {
    const patient = await startPatient();
    const path = join(patient.folder, "uploads");
    await chmod(path, 0o777);
    expect(await patient.check("folder.uploads")).toMatchObject({
      status: "warn",
      detail: `${path} is open to all users (0777)`,
      advice: `chmod 0770 ${path}, or 0700`,
    });
  });

  it("that is not set is passed over", async () => {
    const patient = await startPatient();
    const { checks } = await patient.diagnose({ sources: {} });
    const status = Object.fromEntries(checks.map((check) => [check.id, check.status]));
    expect(status).toMatchObject({
      "folder.files": "skip",
      "folder.uploads": "skip",
      "folder.scratch": "ok",
    });
  });

  it("for scratch that is missing fails", async () => {
    const patient = await startPatient();
    const scratchFolder = join(patient.folder, "missing");
    expect(await patient.check("folder.scratch", { worker: { scratchFolder } })).toMatchObject({
      status: "fail",
      advice: "make the folder, or change worker.scratchFolder",
    });
  });
});

describe("the private key", () => {
  it.each([
    ["is readable by others", async (path: string) => chmod(path, 0o644), "its mode is 0644"],
    ["is no key", async (path: string) => writeFile(path, "canary"), "no unencrypted private key"],
  ])("fails where it %s, and nobody is called", async (_, spoil, detail) => {
    const patient = await startPatient();
    await spoil(join(patient.folder, "tenant.key"));
    const { checks } = await patient.diagnose();
    expect(checks).toContainEqual(
      expect.objectContaining({
        id: "connection.default.key",
        status: "fail",
        detail: expect.stringContaining(detail),
        advice: expect.stringContaining("chmod 0600"),
      }),
    );
    expect(checks).toContainEqual(
      expect.objectContaining({ id: "connection.default.login", status: "skip" }),
    );
    expect(patient.emulator.control.requests()).toEqual([]);
    expect(JSON.stringify(checks)).not.toContain("canary");
  });
});
