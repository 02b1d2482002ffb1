/** Plans a load held in memory and puts the bodies of its parts together. */
import type { Part, SourceObject } from "../part.ts";
import {
  createFindingsLog,
  defaultPreflight,
  type Findings,
  type PreflightSettings,
} from "../preflight.ts";
import { bytes } from "../units.ts";
import { bodyPieces } from "./body-pieces.ts";
import type { HeaderSchema } from "./header.ts";
import { createPartPlanner, type PartPlannerOptions, type PlanSummary } from "./part-planner.ts";

export interface PlannedLoad {
  readonly parts: readonly Part[];
  /** The bodies as text, one a part. */
  readonly bodies: readonly string[];
  readonly summary: PlanSummary;
  readonly findings: Findings;
  /** Keys in order as `<file>:<line>:<key>`, where duplicates are looked for. */
  readonly keys: readonly string[];
}

/** A schema of text fields, whose first one is the key. */
export function textFields(names: readonly string[]): HeaderSchema {
  return {
    fields: names.map((name) => ({ name, type: "text" })),
    primaryKey: names[0] ?? "",
  };
}

/** Files named `file:///0`, `file:///1`, …, given in UTF-8 and in chunks of `chunkBytes`. */
export function planLoad(
  files: readonly string[],
  options: Partial<Omit<PartPlannerOptions, "maxPartBytes" | "onPart" | "preflight">> & {
    readonly preflight?: Partial<PreflightSettings>;
    readonly maxPartBytes?: number;
    readonly chunkBytes?: number;
  } = {},
): PlannedLoad {
  const { operation = "upsert", header = "present", schema, chunkBytes = 7 } = options;
  const parts: Part[] = [];
  const sources: SourceObject[] = [];
  const settings = { ...defaultPreflight, ...options.preflight };
  const findings = createFindingsLog(settings.policy);
  const keys: string[] = [];
  const planner = createPartPlanner({
    operation,
    header,
    schema,
    preflight: {
      settings,
      findings,
      onKey: (key, line) =>
        keys.push(`${sources.length - 1}:${line}:${new TextDecoder().decode(key)}`),
    },
    maxPartBytes: options.maxPartBytes === undefined ? undefined : bytes(options.maxPartBytes),
    onPart: (part) => parts.push(part),
  });
  const contents = new Map<string, Uint8Array>();
  for (const [index, file] of files.entries()) {
    const encoded = new TextEncoder().encode(file);
    const source = { uri: `file:///${index}`, bytes: bytes(encoded.length), pin: "1" };
    contents.set(source.uri, encoded);
    sources.push(source);
    planner.beginSource(source);
    for (let at = 0; at < encoded.length; at += chunkBytes) {
      const chunk = encoded.slice(at, at + chunkBytes);
      planner.push(chunk);
      chunk.fill(0x22);
    }
    planner.endSource();
  }
  const summary = planner.end();
  const bodies = parts.map((part) =>
    bodyPieces(part, sources, summary.header)
      .map((piece) => {
        if (piece.kind === "literal") return piece.text;
        const { from, to } = piece.range;
        return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
          contents.get(piece.object.uri)?.subarray(from, to),
        );
      })
      .join(""),
  );
  return { parts, bodies, summary, findings: findings.findings(), keys };
}
