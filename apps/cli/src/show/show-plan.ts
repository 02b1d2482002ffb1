import type { PlanReport } from "../api/errands.ts";
import { showBytes, showCount, showTable } from "./measures.ts";
import { showFindings } from "./show-findings.ts";

const filesShown = 20;

/** A dry run for people. */
export function showPlan(plan: PlanReport): string {
  const { sourceName, object, operation, connection, sourceObjects, files } = plan;
  const lines = [
    showTable([
      ["target", `${sourceName}/${object} (${operation}) on ${connection}`],
      ["files", String(sourceObjects)],
      ["bytes", showBytes(plan.bytes)],
      ["records", String(plan.records)],
      ["parts", String(plan.parts)],
      ["bulk jobs", `${plan.bulkJobs}, as many slots; fewer where other loads share them`],
    ]),
  ];
  if (files.length > 0)
    lines.push(
      showTable([
        ["FILE", "BYTES"],
        ...files.slice(0, filesShown).map(({ uri, bytes }) => [uri, showBytes(bytes)]),
      ]),
    );
  if (sourceObjects > filesShown)
    lines.push(`and ${showCount(sourceObjects - filesShown, "file")} more`);
  return [...lines, showFindings(plan.findings)].join("\n\n");
}
