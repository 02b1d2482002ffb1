import type { LoadAnswer } from "../api/loads.ts";
import { showBytes, showCount, showTable } from "./measures.ts";

/** Everything about one load, for people. */
export function showLoad(load: LoadAnswer): string {
  const { parts, bytes, records } = load;
  const rows: string[][] = [
    ["load", load.id],
    ["state", load.state],
    ["target", `${load.sourceName}/${load.object} (${load.operation}) on ${load.connection}`],
    ["accepted", load.acceptedAt],
  ];
  if (load.endedAt !== undefined) rows.push(["ended", load.endedAt]);
  if (load.run !== undefined) rows.push(["run", load.run]);
  if (load.retryOf !== undefined) rows.push(["retry of", load.retryOf]);
  if (load.reason !== undefined)
    rows.push(["reason", `${load.reason.code}: ${load.reason.message}`]);
  if (load.findings !== undefined && load.findings > 0)
    rows.push(["findings", `${load.findings}, see: headgate findings ${load.id}`]);
  rows.push(["files", String(load.sourceObjects)]);
  rows.push(["parts", `${parts.planned}, ${parts.uploaded} uploaded, ${parts.settled} settled`]);
  rows.push([
    "bytes",
    `${showBytes(bytes.planned)}, ${showBytes(bytes.uploaded)} uploaded, ${showBytes(bytes.settled)} settled`,
  ]);
  rows.push([
    "records",
    `${records.planned}, ${records.uploaded} uploaded, ${records.settled} settled`,
  ]);
  for (const bulkJob of load.bulkJobs ?? []) {
    const { id, remoteId, phase, end, remoteState, files, uploadedFiles } = bulkJob;
    const remote =
      remoteId === undefined ? "" : ` (${[remoteId, remoteState].filter(Boolean).join(" ")})`;
    const state = end === undefined ? phase : `${phase} ${end}`;
    rows.push([
      "bulk job",
      `${id}${remote} ${state}, ${uploadedFiles} of ${showCount(files, "file")}`,
    ]);
  }
  return showTable(rows);
}

/** Loads as a table, one a line. */
export function showLoads(loads: readonly LoadAnswer[]): string {
  if (loads.length === 0) return "no loads";
  return showTable([
    ["LOAD", "STATE", "TARGET", "PARTS", "BYTES", "ACCEPTED"],
    ...loads.map((load) => [
      load.id,
      load.state,
      `${load.sourceName}/${load.object}`,
      `${load.parts.settled}/${load.parts.planned}`,
      showBytes(load.bytes.planned),
      load.acceptedAt,
    ]),
  ]);
}
