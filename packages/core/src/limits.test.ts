import { expect, it } from "vitest";
import * as limits from "./limits.ts";

it("are the ones that Salesforce publishes", () => {
  expect({ ...limits }).toEqual({
    maxPartBytes: 150_000_000,
    maxFilesPerBulkJob: 100,
    slotsPerWindow: 20,
    slotWindowMs: 3_600_000,
    maxUnfinishedBulkJobs: 5,
    retentionMs: 604_800_000,
    maxStreamingBodyBytes: 200_000,
    maxStreamingDeletes: 200,
    maxStreamingRequestsPerSecond: 250,
  });
});
