/**
 * Wire shapes of the bulk endpoints, shared by the client and the emulator.
 * Sources: Salesforce's "Bulk Ingestion" reference pages (Create a Job, Upload Job Data, Close or
 * Abort a Job, Get Job Info, Get All Jobs, Delete a Job) and job objects recorded from a live org.
 */
import { remoteStates } from "@headgate/core";
import { z } from "zod";

/** Ids are UUIDs; older documentation shows 18-character CRM ids. Nothing else goes into a path. */
export const bulkJobIdPattern: RegExp = /^[A-Za-z0-9-]{8,64}$/;

/** Body of `POST /api/v1/ingest/jobs`. */
export const createBulkJobBody = z.strictObject({
  object: z.string(),
  sourceName: z.string(),
  operation: z.enum(["upsert", "delete"]),
});
export type CreateBulkJobBody = z.infer<typeof createBulkJobBody>;

/** Body of `PATCH /api/v1/ingest/jobs/{id}`. */
export const patchBulkJobBody = z.strictObject({ state: z.enum(["UploadComplete", "Aborted"]) });
export type PatchBulkJobBody = z.infer<typeof patchBulkJobBody>;

/**
 * A bulk job as the API returns it. Live answers leave `systemModstamp` empty until a final state,
 * and hold nulls in the answer to a PATCH; unknown extra fields are let through.
 * `state` outside the list is an error to the client, never a success.
 */
export const bulkJobWire = z.looseObject({
  id: z.string().regex(bulkJobIdPattern),
  object: z.string(),
  sourceName: z.string(),
  operation: z.string(),
  state: z.enum(remoteStates),
  createdById: z.string().nullish(),
  createdDate: z.string().nullish(),
  systemModstamp: z.string().nullish(),
  contentType: z.string().nullish(),
  apiVersion: z.union([z.string(), z.number()]).nullish(),
  contentUrl: z.string().nullish(),
  retries: z.number().nullish(),
  /** Whole seconds from creation to the end (recorded from a live org). */
  totalProcessingTime: z.number().nullish(),
});
export type BulkJobWire = z.infer<typeof bulkJobWire>;

/** Answer of `GET /api/v1/ingest/jobs?limit&offset&orderBy&states`. No total, no link to the next page. */
export const bulkJobListWire = z.looseObject({ data: z.array(bulkJobWire) });

/** Page size of the list: default and maximum. */
export const defaultListLimit = 20;
export const maxListLimit = 100;
