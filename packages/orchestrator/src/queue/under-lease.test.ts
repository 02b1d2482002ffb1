import { bytes, remoteStates } from "@headgate/core";
import { expect, it } from "vitest";
import type { RewindableBody } from "../ports.ts";
import { createTestTenant } from "../steps/tenant.test-support.ts";
import { underLease } from "./under-lease.ts";

const { signal } = new AbortController();
const target = { sourceName: "crm", object: "orders", operation: "upsert" } as const;
const body: RewindableBody = {
  bytes: bytes(3),
  async *open() {
    yield Buffer.from("id\n");
  },
};

it("passes everything on while the lease is held, and afterwards only what changes nothing", async () => {
  const tenant = createTestTenant();
  let isOver = false;
  const ingestion = underLease(tenant.ingestion, {
    throwIfOver() {
      if (isOver) throw new Error("the lease is over");
    },
  });
  const { id } = await ingestion.createBulkJob(target, { signal });
  await ingestion.upload(id, body, { signal });
  const changes = [
    () => ingestion.createBulkJob(target, { signal }),
    () => ingestion.upload(id, body, { signal }),
    () => ingestion.close(id, { signal }),
    () => ingestion.abort(id, { signal }),
  ];
  isOver = true;
  for (const change of changes) await expect(change()).rejects.toThrow("the lease is over");
  expect(tenant.calls).toEqual(["create", "upload"]);

  await ingestion.authenticate({ signal });
  expect((await ingestion.info(id, { signal })).state).toBe("Open");
  const listed: string[] = [];
  for await (const bulkJob of ingestion.listAll(remoteStates, { signal })) listed.push(bulkJob.id);
  expect(listed).toEqual([id]);
  expect([ingestion.userId?.(), ingestion.orgId?.(), ingestion.clockOffsetMs()]).toEqual([
    undefined,
    undefined,
    0,
  ]);

  isOver = false;
  await ingestion.close(id, { signal });
  expect((await ingestion.info(id, { signal })).state).toBe("JobComplete");
});
