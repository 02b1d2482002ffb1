/** A connection: one tenant with its login, its connectors and its limits. */
import { apiNamePattern, connectionNamePattern } from "@headgate/core";
import { judgeOrigin } from "@headgate/ingestion-api/contract";
import { z } from "zod";
import { objectPreflightSchema } from "./preflight-schema.ts";
import { path, secret, whole } from "./setting-kinds.ts";

const apiName = z
  .string()
  .regex(apiNamePattern, "a name must be 1 to 80 of a-z, A-Z, 0-9, _ and -");

/** Names of connections. */
export const connectionName = z
  .string()
  .regex(connectionNamePattern, "a name must be a-z, 0-9 and -, 1 to 32 long");

const connector = z.strictObject({
  schema: path.describe("OpenAPI YAML of the connector; none leaves its columns unchecked"),
  objects: z
    .record(
      apiName,
      z.strictObject({
        primaryKey: z
          .string()
          .min(1)
          .max(80)
          .exactOptional()
          .describe("field that identifies a record; default: x-primary-key, else the first field"),
        preflight: objectPreflightSchema
          .exactOptional()
          .describe("where it differs for this object"),
      }),
    )
    .default({})
    .describe("settings of single objects, by name"),
});

const limits = z
  .strictObject({
    slots: whole(1, 1000).default(20).describe("bulk jobs in a rolling window, by everyone"),
    windowSeconds: whole(1, 86_400).default(3600).describe("that window"),
    permits: whole(1, 100).default(5).describe("unfinished bulk jobs at a time, by everyone"),
    reserveSlots: whole(0, 999).default(0).describe("slots left to other tools"),
    reservePermits: whole(0, 99).default(0).describe("permits left to other tools"),
    oneBulkJobPerObject: z
      .boolean()
      .default(true)
      .describe("the API takes one unfinished bulk job an object"),
  })
  .superRefine(({ slots, permits, reserveSlots, reservePermits }, context) => {
    if (reserveSlots > 0 && reserveSlots >= slots)
      context.addIssue({
        code: "custom",
        path: ["reserveSlots"],
        message: `must be less than slots, ${slots}`,
      });
    if (reservePermits > 0 && reservePermits >= permits)
      context.addIssue({
        code: "custom",
        path: ["reservePermits"],
        message: `must be less than permits, ${permits}`,
      });
  });

const polling = z
  .strictObject({
    minMs: whole(100, 600_000).default(3000).describe("shortest time"),
    maxMs: whole(100, 600_000).default(15_000).describe("longest time"),
  })
  .superRefine(({ minMs, maxMs }, context) => {
    if (maxMs < minMs)
      context.addIssue({
        code: "custom",
        path: ["maxMs"],
        message: `must be at least minMs, ${minMs}`,
      });
  });

export const connectionSchema = z
  .strictObject({
    loginUrl: z
      .url("must be a URL such as https://login.salesforce.com")
      .default("https://login.salesforce.com")
      .describe("https://login.salesforce.com, https://test.salesforce.com or a My Domain"),
    consumerKey: secret({ pattern: /^\S+$/, problem: "must not be empty or hold spaces" }).describe(
      "consumer key of the connected app",
    ),
    user: z.string().min(1).max(255).describe("username of the integration user"),
    keyFile: path.describe("private key (PEM), mode 0600 or 0400"),
    audience: z
      .string()
      .min(1)
      .max(2048)
      .exactOptional()
      .describe("the assertion's aud; default the login URL"),
    dataSpace: z
      .string()
      .min(1)
      .max(255)
      .exactOptional()
      .describe("data space; default the default one"),
    allowedHosts: z
      .array(z.string().min(1).max(253))
      .min(1)
      .max(100)
      .default(["salesforce.com"])
      .describe("host suffixes that tokens may be sent to"),
    allowLoopback: z
      .boolean()
      .default(false)
      .describe("tokens may go to loopback over plain HTTP: for the emulator"),
    caFile: path.exactOptional().describe("certificate authorities to trust, for a private TLS"),
    connectors: z
      .record(apiName, connector)
      .refine((all) => Object.keys(all).length > 0, "must name at least one connector")
      .describe("the tenant's Ingestion API connectors, by short API name"),
    limits: limits.prefault({}).describe("the tenant's limits"),
    polling: polling
      .prefault({})
      .describe("time between two list calls while bulk jobs are processed"),
    onUnknownUpload: z
      .enum(["reput", "restart"])
      .default("reput")
      .describe("after an upload without an answer: send it again, or begin a new bulk job"),
    abortForeign: z
      .boolean()
      .default(false)
      .describe("the reaper aborts other tools' bulk jobs that near 7 days"),
    sharedUser: z
      .boolean()
      .default(false)
      .describe(
        "another fleet works as the same user: the reaper leaves bulk jobs of it alone that are not ours",
      ),
  })
  .superRefine(({ loginUrl, allowedHosts, allowLoopback }, context) => {
    const judged = (withLoopback: boolean) =>
      judgeOrigin(loginUrl, {
        allowedHostSuffixes: allowedHosts,
        loopbackScheme: withLoopback ? "https" : undefined,
      });
    const verdict = judged(allowLoopback);
    if (allowedHosts.length === 0 || verdict.kind === "allowed") return;
    const remedy =
      judged(true).kind === "allowed" ? "; for an emulator set allowLoopback: true" : "";
    context.addIssue({
      code: "custom",
      path: ["loginUrl"],
      message: `cannot be logged in at: ${verdict.reason}${remedy}`,
    });
  });

/** The settings of a connection that name files, whatever the others are. */
export const connectionFilesSchema = z.object({
  consumerKey: connectionSchema.shape.consumerKey,
  caFile: connectionSchema.shape.caFile,
  connectors: connectionSchema.shape.connectors,
});
