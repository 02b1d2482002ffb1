import type { RouteContext, V1 } from "../v1.ts";
import { batchRoute } from "./batch-route.ts";
import {
  abortBulkJobRoute,
  getBulkJobRoute,
  listBulkJobsRoute,
  upkeepRoutes,
} from "./bulk-job-routes.ts";
import { getErrandRoute, planRoute } from "./errand-routes.ts";
import { eventsRoute } from "./events-route.ts";
import { findingsRoute } from "./findings-route.ts";
import {
  acceptLoadRoute,
  cancelLoadRoutes,
  getLoadRoute,
  listLoadsRoute,
  listPartsRoute,
  retryLoadRoute,
} from "./load-routes.ts";
import { quotaRoute } from "./quota-route.ts";
import {
  backfillRoute,
  cancelRunRoute,
  getRunRoute,
  listRunsRoute,
  startRunRoute,
  testScheduleRoute,
} from "./run-routes.ts";
import {
  createScheduleRoute,
  deleteScheduleRoute,
  getScheduleRoute,
  listSchedulesRoute,
  nextRunsRoute,
  switchScheduleRoutes,
} from "./schedule-routes.ts";
import { uploadRoute } from "./upload-route.ts";
import { whoamiRoute } from "./whoami-route.ts";

/** Every route of `/v1`, in the order of the document. */
export function v1Routes(v1: V1, context: RouteContext): void {
  for (const route of [
    ...[acceptLoadRoute, batchRoute, listLoadsRoute, getLoadRoute, listPartsRoute, findingsRoute],
    ...[cancelLoadRoutes, retryLoadRoute, uploadRoute, planRoute, getErrandRoute],
    ...[createScheduleRoute, listSchedulesRoute, getScheduleRoute, deleteScheduleRoute],
    ...[switchScheduleRoutes, nextRunsRoute, startRunRoute, backfillRoute, testScheduleRoute],
    ...[listRunsRoute, getRunRoute, cancelRunRoute, quotaRoute],
    ...[listBulkJobsRoute, getBulkJobRoute, abortBulkJobRoute, upkeepRoutes],
    ...[eventsRoute, whoamiRoute],
  ])
    route(v1, context);
}
