/** What a route of `/v1` is registered on, and what it works with. */
import type {
  BulkJobs,
  Errands,
  EventFeed,
  Loads,
  Schedules,
} from "@headgate/orchestrator/producer";
import type { UploadFolder } from "@headgate/part-source/uploads";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { ApiLimits } from "./api-limits.ts";

export type V1 = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Where clients' files go. */
export type Uploads = Pick<UploadFolder, "maxBytes" | "receive" | "placeOf">;

/** The doors that the API opens to its clients. */
export interface Doors {
  readonly loads: Loads;
  readonly bulkJobs: BulkJobs;
  readonly errands: Errands;
  readonly feed: EventFeed;
  readonly schedules: Schedules;
  /** Absent: clients cannot send files. */
  readonly uploads?: Uploads | undefined;
}

export interface RouteContext {
  readonly doors: Doors;
  readonly limits: ApiLimits;
  /** Aborts when the API begins to close: answers that wait end then. */
  readonly closing: AbortSignal;
}
