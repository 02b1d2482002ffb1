/** The limits of a whole tenant; each test needs the tenant's hour for itself. */
import {
  maxFilesPerBulkJob,
  maxUnfinishedBulkJobs,
  slotsPerWindow,
  slotWindowMs,
} from "@headgate/core";
import { beforeEach, describe, expect, it } from "vitest";
import { deleteCsv, schemaOf } from "./sample-data.ts";
import { type ApiSubject, clientFor, openBulkJob } from "./subject.ts";

export function describeLimits(subject: ApiSubject): void {
  const [target] = subject.targets;

  describe("limits", () => {
    beforeEach(() => subject.wait(slotWindowMs));

    it(`${slotsPerWindow} bulk jobs in an hour, then 429 until the hour is over`, async () => {
      const { client } = clientFor(subject);
      for (let created = 0; created < slotsPerWindow; created += 1) {
        await client.abort((await openBulkJob(client, target)).id);
      }
      await expect(openBulkJob(client, target)).rejects.toMatchObject({
        code: "ERR_API_THROTTLED",
        fields: { operation: "create-bulk-job", status: 429 },
      });
      await subject.wait(slotWindowMs);
      expect(await openBulkJob(client, target)).toMatchObject({ state: "Open" });
    });

    it(`${maxUnfinishedBulkJobs} bulk jobs at a time, on as many objects`, async () => {
      const { client } = clientFor(subject);
      const [one, ...others] = subject.targets;
      expect(others.length).toBeGreaterThanOrEqual(maxUnfinishedBulkJobs);
      for (const other of others.slice(0, maxUnfinishedBulkJobs)) await openBulkJob(client, other);
      await expect(openBulkJob(client, one)).rejects.toMatchObject({ code: "ERR_API_THROTTLED" });
    });

    it(`${maxFilesPerBulkJob} files in a bulk job`, async () => {
      const { client } = clientFor(subject);
      const bulkJob = await openBulkJob(client, target, "delete");
      for (let file = 0; file < maxFilesPerBulkJob; file += 1) {
        await client.upload(bulkJob.id, deleteCsv(schemaOf(target), file));
      }
      await expect(client.upload(bulkJob.id, deleteCsv(schemaOf(target), 0))).rejects.toMatchObject(
        {
          code: expect.stringMatching(/^ERR_API_(BAD_REQUEST|CONFLICT)$/),
        },
      );
    });
  });
}
