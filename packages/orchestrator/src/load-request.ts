/** The one shape of a load request, whichever way it comes in: HTTP, CLI, Redis stream. */
import {
  apiNamePattern,
  BulkError,
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

const uri = z.string().min(1).max(2048);

/** The five ways to name source objects. */
export const sourceSchema = z.union(
  [
    z.strictObject({ uri }),
    z.strictObject({ prefix: uri, suffix: z.string().min(1).max(128).optional() }),
    z.strictObject({ glob: uri }),
    z.strictObject({ keys: z.array(uri).min(1).max(1000) }),
    z.strictObject({ manifest: uri }),
  ],
  { error: 'must be one of {"uri"}, {"prefix", "suffix"?}, {"glob"}, {"keys"}, {"manifest"}' },
);

/** How source bytes become CSV; see core's `SourceFormat`. */
export const formatSchema = z.strictObject({
  compression: z.enum(compressions).exactOptional(),
  encoding: z.enum(encodings).exactOptional(),
  delimiter: z.enum(delimiters).exactOptional(),
});

/** What preflight looks for; what is absent is as configured. See core's `PreflightSettings`. */
export const preflightSchema = z.strictObject({
  policy: z.enum(preflightPolicies).exactOptional(),
  values: z.boolean().exactOptional(),
  duplicates: z.boolean().exactOptional(),
});

/**
 * A load request. Extra properties are refused.
 *
 * - `connection`: name of a configured connection; default `default`.
 * - `sourceName`, `object`, `operation`: the target.
 * - `source`: which files, in one of five ways, see {@link SourceSelection}.
 * - `header`: how the first record of each file is read. Default `present` for upsert, `detect` for
 *   delete (a header where all its fields are fields of the object's schema).
 * - `format`: compression, encoding and delimiter of the files. Default: by name, UTF-8, comma.
 * - `preflight`: what is looked for before a slot is spent. Default: as configured.
 * - `leaveSlots`: its bulk jobs are created only while more than so many slots are free, so that a
 *   backfill leaves room. 0 to 999, default 0.
 */
export const loadRequestSchema = z.strictObject({
  connection: z.string().regex(connectionNamePattern).default("default"),
  sourceName: z.string().regex(apiNamePattern),
  object: z.string().regex(apiNamePattern),
  operation: z.enum(operations),
  source: sourceSchema,
  header: z.enum(headerModes).exactOptional(),
  format: formatSchema.exactOptional(),
  preflight: preflightSchema.exactOptional(),
  leaveSlots: z.int().min(0).max(999).exactOptional(),
});

/** A checked load request, with defaults filled in. */
export type LoadRequest = z.output<typeof loadRequestSchema>;
/** A load request as a client writes it. */
export type LoadRequestInput = z.input<typeof loadRequestSchema>;

/**
 * Parses a load request. Throws ERR_REQUEST_INVALID with every fault, each with its field, in the
 * message; the values seen are not repeated, for they could be anything.
 */
export function parseLoadRequest(input: unknown): LoadRequest {
  const parsed = loadRequestSchema.safeParse(input);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const request = parsed.data;
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
  return request;
}

function invalidRequest(error: z.ZodError): BulkError {
  const faults = error.issues.map(
    (issue) => `${issue.path.join(".") || "(body)"}: ${issue.message}`,
  );
  return new BulkError(
    "ERR_REQUEST_INVALID",
    `the load request is not valid: ${faults.join("; ")}`,
    {
      fields: { field: error.issues[0]?.path.join(".") ?? "", faults: faults.length },
    },
  );
}

/** The request's way of naming its files, in core's words. */
export function selectionOf(request: LoadRequest): SourceSelection {
  const { source } = request;
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
export function loadTitle(request: LoadRequest): string {
  return `${request.operation} ${request.sourceName}/${request.object}`;
}
