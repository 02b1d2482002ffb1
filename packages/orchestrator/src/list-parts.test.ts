import { bytes, noFindings } from "@headgate/core";
import { expect, it } from "vitest";
import { endBulkJob } from "./ledger/end-bulk-job.ts";
import {
  addLoad,
  bulkJobOf,
  claimAs,
  complete,
  ledgerOfTest,
  loadOf,
  lost,
} from "./ledger/ledger.test-support.ts";
import { commitManifest, stageManifest } from "./ledger/manifest.ts";
import { recordUploaded } from "./ledger/part-progress.ts";
import { listParts } from "./list-parts.ts";

it("shows each part as its bulk jobs have left it", async () => {
  const { ledger } = ledgerOfTest({ oneBulkJobPerObject: false });
  const id = await addLoad(ledger, { id: "a", parts: 4 });
  const states = async () =>
    (await listParts(ledger, await loadOf(ledger, id), {})).parts.map(({ state }) => state);
  expect(await states()).toEqual(["waiting", "waiting", "waiting", "waiting"]);

  await claimAs(ledger, "b1", { maxFiles: 2 });
  const part = { load: id, part: 0, bytes: 10, records: 1 };
  await recordUploaded(ledger, await bulkJobOf(ledger, "b1"), { part, sha256: "ab" });
  expect(await states()).toEqual(["uploaded", "claimed", "waiting", "waiting"]);
  const [first] = (await listParts(ledger, await loadOf(ledger, id), {})).parts;
  expect(first).toMatchObject({ number: 0, bulkJob: "b1", sha256: "ab", bytes: 10, records: 1 });

  await endBulkJob(ledger, await bulkJobOf(ledger, "b1"), lost);
  expect(await states()).toEqual(["waiting", "waiting", "waiting", "waiting"]);
  await claimAs(ledger, "b2", { maxFiles: 3 });
  await endBulkJob(ledger, await bulkJobOf(ledger, "b2"), complete);
  expect(await states()).toEqual(["settled", "settled", "settled", "waiting"]);
});

it("pages by number and names the bytes of each file", async () => {
  const { ledger } = ledgerOfTest();
  const id = await addLoad(ledger, { id: "a" });
  const stage = stageManifest(ledger, id, "attempt");
  await stage.addSource({ uri: "s3://bucket/one.csv", bytes: bytes(30), pin: "p" });
  await stage.addSource({ uri: "s3://bucket/two.csv", bytes: bytes(30), pin: "p" });
  for (const [number, source] of [0, 0, 1].entries())
    await stage.addPart({
      number,
      segments: [{ source, range: { from: bytes(0), to: bytes(10) }, lineEnd: "" }],
      bytes: bytes(13),
      records: 2,
    });
  await stage.flush();
  const facts = { header: "id\n", sourceObjects: 2, parts: 3, bytes: 39, records: 6 };
  const findings = noFindings("refuse");
  await commitManifest(ledger, { loadId: id, attempt: "attempt", ...facts, findings });

  const load = await loadOf(ledger, id);
  const first = await listParts(ledger, load, { limit: 2 });
  expect(first.parts.map(({ number }) => number)).toEqual([0, 1]);
  const rest = await listParts(ledger, load, { limit: 2, cursor: first.nextCursor ?? "" });
  expect(rest.parts).toMatchObject([
    { number: 2, files: [{ uri: "s3://bucket/two.csv", from: 0, to: 10 }] },
  ]);
  expect(rest).not.toHaveProperty("nextCursor");
  await expect(listParts(ledger, load, { cursor: "-1" })).rejects.toMatchObject({
    code: "ERR_REQUEST_INVALID",
  });
});
