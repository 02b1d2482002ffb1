import { expect, it } from "vitest";
import { bulkJobEnds, bulkJobPhases, remoteStates, unfinishedRemoteStates } from "./bulk-job.ts";

it("keeps the names that stand in Redis and in answers", () => {
  expect(bulkJobPhases.join()).toBe("claimed,creating,uploading,closing,processing,aborting,ended");
  expect(bulkJobEnds.join()).toBe("complete,failed,aborted,lost,conflict,refused");
});

it("has Salesforce's six states, of which the first three hold a permit", () => {
  const unfinished = ["Open", "UploadComplete", "InProgress"];
  expect(remoteStates).toEqual([...unfinished, "JobComplete", "Failed", "Aborted"]);
  expect(unfinishedRemoteStates).toEqual(unfinished);
});
