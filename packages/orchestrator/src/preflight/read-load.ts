/**
 * The one way in which the files of a load are read before a slot is spent, for loads and for dry
 * runs alike: list and pin the source objects, read each once, check every record, work out the parts.
 */
import {
  bytes,
  createPartPlanner,
  type Part,
  type PlanSummary,
  type SourceObject,
  schemaOf,
} from "@headgate/core";
import { type LoadRequest, selectionOf } from "../load-request.ts";
import type { StepContext } from "../steps/context.ts";

/** Takes source objects and parts in order, each as soon as it is known. */
export interface PlanSink {
  addSource(object: SourceObject): Promise<void>;
  addPart(part: Part): Promise<void>;
}

export interface ReadLoadOptions {
  readonly request: LoadRequest;
  /** Whose load it is, and the way it came. */
  readonly owner: { readonly principal: string; readonly via: string };
  readonly sink: PlanSink;
  readonly signal: AbortSignal;
  /** Told after each chunk how much was read so far. */
  readonly onRead: (read: { readonly sourceObjects: number; readonly bytes: number }) => void;
}

/** What was read, and the parts it makes. */
export interface ReadLoad extends PlanSummary {
  readonly sourceObjects: number;
}

/** Reads a load to its end. Throws what the source port, `schemaOf` and core's planner throw. */
export async function readLoad(
  { ports, settings }: Pick<StepContext, "ports" | "settings">,
  options: ReadLoadOptions,
): Promise<ReadLoad> {
  const { request, sink, signal, onRead } = options;
  const schema = schemaOf(ports.catalogue, request);
  const parts: Part[] = [];
  const planner = createPartPlanner({
    operation: request.operation,
    header: request.header ?? (request.operation === "upsert" ? "present" : "detect"),
    schema: schema === "unchecked" ? undefined : schema,
    maxPartBytes: settings.maxPartBytes,
    onPart: (part) => parts.push(part),
  });
  const addParts = async (): Promise<void> => {
    for (const part of parts.splice(0)) await sink.addPart(part);
  };
  let sourceObjects = 0;
  let bytesRead = 0;
  for await (const object of ports.source.list(selectionOf(request), { signal })) {
    await sink.addSource(object);
    planner.beginSource(object);
    for await (const chunk of wholeOf(ports.source, object, signal)) {
      planner.push(chunk);
      bytesRead += chunk.length;
      onRead({ sourceObjects, bytes: bytesRead });
    }
    planner.endSource();
    await addParts();
    sourceObjects++;
  }
  const summary = planner.end();
  await addParts();
  return { ...summary, sourceObjects };
}

/** All bytes of a source object; a store is not asked for the bytes of an empty one. */
async function* wholeOf(
  source: StepContext["ports"]["source"],
  object: SourceObject,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (object.bytes === 0) return;
  yield* source.read(object, { from: bytes(0), to: object.bytes }, { signal });
}
