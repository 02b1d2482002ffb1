/** Plans a load held in memory and puts the bodies of its parts together. */
import type { Part, SourceObject } from "../part.ts";
import { bytes } from "../units.ts";
import { bodyPieces } from "./body-pieces.ts";
import { createPartPlanner, type PartPlannerOptions, type PlanSummary } from "./part-planner.ts";

export interface PlannedLoad {
  readonly parts: readonly Part[];
  /** The bodies as text, one a part. */
  readonly bodies: readonly string[];
  readonly summary: PlanSummary;
}

/** Files named `file:///0`, `file:///1`, …, given in UTF-8 and in chunks of `chunkBytes`. */
export function planLoad(
  files: readonly string[],
  options: Partial<Omit<PartPlannerOptions, "maxPartBytes" | "onPart">> & {
    readonly maxPartBytes?: number;
    readonly chunkBytes?: number;
  } = {},
): PlannedLoad {
  const { operation = "upsert", header = "present", schemaFields, chunkBytes = 7 } = options;
  const parts: Part[] = [];
  const planner = createPartPlanner({
    operation,
    header,
    schemaFields,
    maxPartBytes: options.maxPartBytes === undefined ? undefined : bytes(options.maxPartBytes),
    onPart: (part) => parts.push(part),
  });
  const contents = new Map<string, Uint8Array>();
  const sources: SourceObject[] = [];
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
  return { parts, bodies, summary };
}
