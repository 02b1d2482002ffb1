/** The one shape of a load request, whichever way it comes in: HTTP, CLI, Redis stream. */
import {
  apiNamePattern,
  BulkError,
  checkSelectedUris,
  compressions,
  connectionNamePattern,
  delimiters,
  encodings,
  headerModes,
  operations,
  preflightPolicies,
  type SourceSelection,
} from "@headgate/core";
import { z } from "zod";
import { parseRequest } from "./request-faults.ts";

const uri = z.string().min(1).max(2048);

/** The five ways to name source objects. */
export const sourceSchema = z.union(
  [
    z.strictObject({
      uri: uri.describe("one object, or every object under it where there is none"),
    }),
    z.strictObject({
      prefix: uri.describe("every object whose URI begins so"),
      suffix: z.string().min(1).max(128).optional().describe("and ends so, such as .csv"),
    }),
    z.strictObject({ glob: uri.describe("every object whose URI matches, with * ** ? [] {}") }),
    z.strictObject({
      keys: z.array(uri).min(1).max(1000).describe("these objects, in this order"),
    }),
    z.strictObject({ manifest: uri.describe("the objects that a JSON manifest lists") }),
  ],
  { error: 'must be one of {"uri"}, {"prefix", "suffix"?}, {"glob"}, {"keys"}, {"manifest"}' },
);

/** How source bytes become CSV; see core's `SourceFormat`. */
export const formatSchema = z
  .strictObject({
    compression: z.enum(compressions).exactOptional().describe("default by the name: .gz, .zst"),
    encoding: z.enum(encodings).exactOptional().describe("default utf-8"),
    delimiter: z.enum(delimiters).exactOptional().describe("default the comma"),
  })
  .describe("how the files are stored; what is not plain CSV is converted on the way");

/** What preflight looks for; what is absent is as configured. See core's `PreflightSettings`. */
export const preflightSchema = z
  .strictObject({
    policy: z
      .enum(preflightPolicies)
      .exactOptional()
      .describe("refuse: a load with findings fails before a slot is spent; warn: it is loaded"),
    values: z
      .boolean()
      .exactOptional()
      .describe("check numbers, booleans, dates and empty keys in every record"),
    duplicates: z
      .boolean()
      .exactOptional()
      .describe("look for primary keys that come twice in a load"),
  })
  .describe("what is looked for before a slot is spent; default as configured");

/** How the first record of each file is read. */
export const headerSchema = z
  .enum(headerModes)
  .describe(
    "how the first record of each file is read; default present for upsert, detect for delete (a header where all its fields are fields of the object)",
  );

/** A load request. Extra properties are refused. */
export const loadRequestSchema = z.strictObject({
  connection: z
    .string()
    .regex(connectionNamePattern)
    .default("default")
    .describe("name of a configured connection"),
  sourceName: z.string().regex(apiNamePattern).describe("short API name of the connector"),
  object: z.string().regex(apiNamePattern).describe("an object of the connector's schema"),
  operation: z.enum(operations).describe("upsert replaces whole records; delete takes keys"),
  source: sourceSchema.describe("which files, in one of five ways"),
  header: headerSchema.exactOptional(),
  format: formatSchema.exactOptional(),
  preflight: preflightSchema.exactOptional(),
  leaveSlots: z
    .int()
    .min(0)
    .max(999)
    .exactOptional()
    .describe("its bulk jobs are created only while more than so many slots are free; default 0"),
});

/** A checked load request, with defaults filled in. */
export type LoadRequest = z.output<typeof loadRequestSchema>;
/** A load request as a client writes it. */
export type LoadRequestInput = z.input<typeof loadRequestSchema>;

/**
 * Parses a load request. Throws ERR_REQUEST_INVALID with its faults, each with its field, in the
 * message, and ERR_SOURCE_URI for a URI that no store could have.
 */
export function parseLoadRequest(input: unknown): LoadRequest {
  const request = parseRequest(loadRequestSchema, input, "the load request is");
  if (
    request.operation === "upsert" &&
    request.header !== undefined &&
    request.header !== "present"
  )
    throw new BulkError(
      "ERR_REQUEST_INVALID",
      `header: "${request.header}" is only for delete; an upsert file must have a header ("present")`,
      { fields: { field: "header" } },
    );
  checkSelectedUris(selectionOf(request));
  return request;
}

/** The request's way of naming its files, in core's words. */
export function selectionOf({ source }: Pick<LoadRequest, "source">): SourceSelection {
  if ("uri" in source) return { kind: "uri", uri: source.uri };
  if ("prefix" in source)
    return {
      kind: "prefix",
      uri: source.prefix,
      ...(source.suffix === undefined ? {} : { suffix: source.suffix }),
    };
  if ("glob" in source) return { kind: "glob", uri: source.glob };
  if ("keys" in source) return { kind: "keys", uris: source.keys };
  return { kind: "manifest", uri: source.manifest };
}

/** A load in a few words, as the name of its task. */
export function loadTitle(
  request: Pick<LoadRequest, "operation" | "sourceName" | "object">,
): string {
  return `${request.operation} ${request.sourceName}/${request.object}`;
}
