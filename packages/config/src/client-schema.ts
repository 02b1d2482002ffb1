/** A client: who may use the HTTP API, and how much of it. */
import { scopes } from "@headgate/core";
import { z } from "zod";
import { connectionName } from "./connection-schema.ts";
import { whole } from "./setting-kinds.ts";

/** Names of clients: they stand in load records and in the folders of uploads. */
export const clientNamePattern: RegExp = /^[a-z0-9][a-z0-9-]{0,31}$/;

const place = /^(s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/|file:\/\/\/)([^\s]*\/)?$/;

export const clientSchema = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        hash: z
          .string()
          .regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits")
          .describe("SHA-256 of the key"),
        expires: z.iso
          .datetime("must be an instant such as 2027-01-31T00:00:00Z")
          .exactOptional()
          .describe("after this instant it opens nothing"),
      }),
    )
    .max(10)
    .default([])
    .describe("hashes of its API keys; make one with: headgate api-key new NAME"),
  subject: z
    .string()
    .min(1)
    .max(255)
    .exactOptional()
    .describe("value of the JWT claim that names it, where it logs in by JWT"),
  scopes: z.array(z.enum(scopes)).min(1).default(["enqueue"]).describe("what it may do"),
  connections: z
    .array(connectionName)
    .exactOptional()
    .describe("connections it may name; default all"),
  sources: z
    .array(
      z
        .string()
        .regex(
          place,
          "must be s3://bucket/, s3://bucket/folder/ or file:///folder/, ending in a slash",
        ),
    )
    .max(1000)
    .exactOptional()
    .describe("places it may load from; default all that the workers may read"),
  limits: z
    .strictObject({
      requestsPerMinute: whole(1, 1_000_000).default(600).describe("requests to the HTTP API"),
      pendingLoads: whole(1, 10_000_000).default(10_000).describe("loads that have not ended"),
    })
    .prefault({})
    .describe("how much it may ask"),
});
