/** Bulk jobs from creation to removal, and everything that is refused on the way. */
import { isBulkError, seconds, unfinishedRemoteStates } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { csv, deleteCsv, schemaOf, upsertCsv } from "./sample-data.ts";
import { type ApiSubject, clientFor, collect, ended, openBulkJob } from "./subject.ts";

/** A bulk job may take minutes on a real tenant. */
const patient = seconds(45 * 60);

/** What can be asked without a bulk job of one's own. */
export function describeUnknownBulkJobs(subject: ApiSubject): void {
  const unknown = "00000000-0000-4000-8000-000000000000";
  const [{ sourceName, object }] = subject.targets;

  describe("unknown things", () => {
    it("are not found", async () => {
      const { client } = clientFor(subject);
      await expect(client.info(unknown)).rejects.toMatchObject({ code: "ERR_API_NOT_FOUND" });
      await expect(client.close(unknown)).rejects.toMatchObject({ code: "ERR_API_NOT_FOUND" });
      await expect(client.abort(unknown)).rejects.toMatchObject({ code: "ERR_API_NOT_FOUND" });
      await expect(client.remove(unknown)).rejects.toMatchObject({ code: "ERR_API_NOT_FOUND" });
      await expect(client.upload(unknown, csv([["a"]]))).rejects.toMatchObject({
        code: "ERR_API_NOT_FOUND",
        fields: { bulkJobId: unknown },
      });
    });

    it("get no bulk job", async () => {
      const { client } = clientFor(subject);
      for (const strange of [
        { sourceName, object: "headgate_no_such_object" },
        { sourceName: "headgate_no_such_connector", object },
      ]) {
        await expect(
          client.createBulkJob({ ...strange, operation: "upsert" }),
        ).rejects.toMatchObject({ code: "ERR_API_NOT_FOUND" });
      }
    });
  });

  describe("the list", () => {
    it("gives page after page what it gives at once", async () => {
      const { client } = clientFor(subject);
      const atOnce = await client.list({ limit: 5 });
      const byOne: string[] = [];
      for (const [offset] of atOnce.entries()) {
        for (const { id } of await client.list({ limit: 1, offset })) byOne.push(id);
      }
      expect(byOne).toEqual(atOnce.map(({ id }) => id));
    });

    it("holds only the states asked for, each bulk job once", async () => {
      const { client } = clientFor(subject);
      const jobs = await collect(client.listAll(["Aborted", "JobComplete"]));
      expect(new Set(jobs.map(({ id }) => id)).size).toBe(jobs.length);
      for (const { state } of jobs) expect(state).toBeOneOf(["Aborted", "JobComplete"]);
    });
  });
}

/** Uses six slots, one after the other: five bulk jobs and a refused creation. */
export function describeBulkJobs(subject: ApiSubject): void {
  const [target] = subject.targets;
  const schema = schemaOf(target);
  const { sourceName, object } = target;

  describe("a bulk job", () => {
    it("goes from Open to JobComplete, and then takes nothing more", {
      timeout: patient,
    }, async () => {
      const { client } = clientFor(subject);
      const bulkJob = await openBulkJob(client, target);
      expect(bulkJob).toMatchObject({ sourceName, object, operation: "upsert", state: "Open" });
      expect(await client.info(bulkJob.id)).toMatchObject({
        id: bulkJob.id,
        state: "Open",
        object,
      });

      await client.upload(bulkJob.id, upsertCsv(schema, 1, 2));
      await client.upload(bulkJob.id, upsertCsv(schema, 2, 3));
      expect(await client.close(bulkJob.id)).toMatchObject({
        id: bulkJob.id,
        state: "UploadComplete",
      });
      await expect(client.upload(bulkJob.id, upsertCsv(schema, 1))).rejects.toMatchObject({
        code: "ERR_API_CONFLICT",
        fields: { operation: "upload", status: 409, bulkJobId: bulkJob.id },
      });
      await expect(client.close(bulkJob.id)).rejects.toMatchObject({ code: "ERR_API_CONFLICT" });

      const end = await ended(subject, client, bulkJob.id);
      expect(end.state).toBe("JobComplete");
      expect(end.processingSeconds).toBeGreaterThan(0);
      await expect(client.abort(bulkJob.id)).rejects.toMatchObject({ code: "ERR_API_CONFLICT" });
    });

    it("is in the list while it has not ended, with its creator and its time", async () => {
      const { client } = clientFor(subject);
      const bulkJob = await openBulkJob(client, target);
      const listed = await collect(client.listAll(unfinishedRemoteStates));
      const found = listed.find(({ id }) => id === bulkJob.id);
      expect(found).toMatchObject({ sourceName, object, state: "Open" });
      expect(found?.createdById).toBe(bulkJob.createdById);
      expect(found?.createdAt).toBeTypeOf("number");
      const elsewhere = await collect(client.listAll(["UploadComplete"]));
      expect(elsewhere.map(({ id }) => id)).not.toContain(bulkJob.id);
    });

    it("keeps a second one off its object until it is aborted", async () => {
      const { client } = clientFor(subject);
      const first = await openBulkJob(client, target);
      await expect(openBulkJob(client, target)).rejects.toMatchObject({
        code: "ERR_API_CONFLICT",
        fields: { operation: "create-bulk-job", status: 409 },
      });
      await expect(client.remove(first.id)).rejects.toMatchObject({ code: "ERR_API_CONFLICT" });

      await client.upload(first.id, upsertCsv(schema, 1));
      expect(await client.abort(first.id)).toMatchObject({ id: first.id, state: "Aborted" });
      await expect(client.upload(first.id, upsertCsv(schema, 1))).rejects.toMatchObject({
        code: "ERR_API_CONFLICT",
      });
      expect(await client.info(first.id)).toMatchObject({ state: "Aborted" });
    });

    it("refuses a column that the schema lacks, or drops it in silence", async () => {
      const { client } = clientFor(subject);
      const bulkJob = await openBulkJob(client, target);
      const header = [...schema.fields.map(({ name }) => name), "headgate_unknown"];
      const outcome = await client.upload(bulkJob.id, csv([header, header.map(() => "1")])).then(
        () => "accepted",
        (error: unknown) => (isBulkError(error) ? error.code : "another error"),
      );
      expect(outcome).toBeOneOf(["accepted", "ERR_API_BAD_REQUEST"]);
    });

    it("deletes by key, without a header, and can be removed when it has ended", {
      timeout: patient,
    }, async () => {
      const { client } = clientFor(subject);
      const bulkJob = await openBulkJob(client, target, "delete");
      await client.upload(bulkJob.id, deleteCsv(schema, 1, 2, 3));
      await client.close(bulkJob.id);
      expect(await ended(subject, client, bulkJob.id)).toMatchObject({
        operation: "delete",
        state: "JobComplete",
      });
      await client.remove(bulkJob.id);
      await expect(client.info(bulkJob.id)).rejects.toMatchObject({ code: "ERR_API_NOT_FOUND" });
      const listed = await collect(client.listAll(["JobComplete"]));
      expect(listed.map(({ id }) => id)).not.toContain(bulkJob.id);
    });
  });
}
