/**
 * The one way in which the files of a load are read before a slot is spent, for loads and for dry
 * runs alike: list and pin the source objects, read each once, check every record, work out the parts.
 */
import {
  BulkError,
  createPartPlanner,
  type FindingsLog,
  type ObjectSchema,
  type Part,
  type PlanSummary,
  type PreflightSettings,
  preflightRefusal,
  type SourceObject,
  schemaOf,
} from "@headgate/core";
import { type LoadRequest, selectionOf } from "../load-request.ts";
import { checkOwner, type Owner } from "../owner-access.ts";
import type { StepContext } from "../steps/context.ts";
import { type DoubledKeys, findDoubledKeys } from "./doubled-keys.ts";

/** Takes source objects and parts in order, each as soon as it is known. */
export interface PlanSink {
  addSource(object: SourceObject): Promise<void>;
  addPart(part: Part): Promise<void>;
}

export interface ReadLoadOptions {
  readonly request: LoadRequest;
  /** Whose load it is, and the way it came. */
  readonly owner: Owner;
  readonly sink: PlanSink;
  /** Takes what is found, and holds it where the reading fails too. */
  readonly findings: FindingsLog;
  readonly signal: AbortSignal;
  /** Told after each chunk how much was read so far. */
  readonly onRead: (read: { readonly sourceObjects: number; readonly bytes: number }) => void;
}

/** What was read, and the parts it makes. */
export interface ReadLoad extends PlanSummary {
  readonly sourceObjects: number;
}

type Context = Pick<StepContext, "ledger" | "ports" | "settings">;

/** What is looked for in the records of this request: as it says itself, else as configured. */
export function preflightFor(ports: Context["ports"], request: LoadRequest): PreflightSettings {
  return { ...ports.preflightOf(request), ...request.preflight };
}

/**
 * Reads a load to its end. Throws ERR_PREFLIGHT_REFUSED where anything was found that the policy
 * refuses, once all was read; else, at the first fault, what `checkOwner`, the source port,
 * `schemaOf`, core's planner and scratch space throw.
 */
export async function readLoad(context: Context, options: ReadLoadOptions): Promise<ReadLoad> {
  const { ports } = context;
  const { request, owner, findings, signal } = options;
  const checkObject = checkOwner(context, owner, request);
  const schema = knownSchema(schemaOf(ports.catalogue, request));
  const keys = keysToCompare(context, request, schema);
  try {
    const read = await readSources(context, { ...options, checkObject }, schema, keys);
    await keys?.report(findings, signal);
    const refusal = preflightRefusal(findings.findings());
    if (refusal !== undefined) throw refusal;
    return read;
  } finally {
    await keys?.dispose();
  }
}

async function readSources(
  { ports, settings }: Context,
  options: ReadLoadOptions & { readonly checkObject: (object: SourceObject) => void },
  schema: ObjectSchema | undefined,
  keys: DoubledKeys | undefined,
): Promise<ReadLoad> {
  const { request, sink, findings, signal, onRead, checkObject } = options;
  const parts: Part[] = [];
  const planner = createPartPlanner({
    operation: request.operation,
    header: request.header ?? (request.operation === "upsert" ? "present" : "detect"),
    schema,
    preflight: {
      settings: { ...preflightFor(ports, request), duplicates: keys !== undefined },
      findings,
      onKey: (key, line) => keys?.add(key, line),
    },
    maxPartBytes: settings.maxPartBytes,
    onPart: (part) => parts.push(part),
  });
  const addParts = async (): Promise<void> => {
    for (const part of parts.splice(0)) await sink.addPart(part);
  };
  let sourceObjects = 0;
  let bytesRead = 0;
  for await (const object of ports.source.list(selectionOf(request), {
    signal,
    format: request.format,
  })) {
    checkObject(object);
    await sink.addSource(object);
    const { uri, conversion } = object;
    planner.beginSource(conversion === undefined ? object : { uri });
    keys?.beginSource(uri);
    for await (const chunk of ports.source.readWhole(object, { signal })) {
      planner.push(chunk);
      await keys?.flush();
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

function knownSchema(schema: ObjectSchema | "unchecked"): ObjectSchema | undefined {
  return schema === "unchecked" ? undefined : schema;
}

/** Undefined where keys are not to be compared, or where no one knows which column they are. */
function keysToCompare(
  { ports }: Context,
  request: LoadRequest,
  schema: ObjectSchema | undefined,
): DoubledKeys | undefined {
  if (!preflightFor(ports, request).duplicates) return undefined;
  if (schema !== undefined || request.operation === "delete")
    return findDoubledKeys({
      openScratch: () => ports.openScratch(),
      column: schema?.primaryKey ?? "column 1",
    });
  if (request.preflight?.duplicates !== true) return undefined;
  throw new BulkError(
    "ERR_REQUEST_INVALID",
    `preflight.duplicates: connector "${request.sourceName}" has no schema, so the key of "${request.object}" is not known`,
    { fields: { field: "preflight.duplicates", sourceName: request.sourceName } },
  );
}
