/** The streaming endpoints: small changes outside bulk jobs. */
import {
  apiNamePattern,
  BulkError,
  maxStreamingBodyBytes,
  maxStreamingDeletes,
  type Target,
} from "@headgate/core";
import { type Operation, parseAnswer, readApiError, statusError } from "./api-errors.ts";
import type { ApiCaller, CallOptions } from "./call-api.ts";
import { acceptedWire } from "./contract/streaming.ts";
import type { HttpAnswer } from "./http-transport.ts";

export type StreamTarget = Pick<Target, "sourceName" | "object">;
/** One record: a value for every field of the object's schema. */
export type StreamRecord = Readonly<Record<string, unknown>>;

/** What the API thinks of records that it did not store. */
export type Validation =
  | { readonly kind: "valid" }
  /** `record` is the record as the API read it, so it holds customer data: not for logs. */
  | {
      readonly kind: "invalid";
      readonly faults: readonly { readonly record: string; readonly causes: readonly string[] }[];
    };

/** Each method throws RangeError for names that no connector or object can have. */
export interface StreamingClient {
  /**
   * Accepted at once, done within about three minutes. Has effects. Throws ERR_API_TOO_LARGE,
   * before anything is sent, for a body over 200 KB, and ERR_API_BAD_REQUEST.
   */
  streamUpsert(
    target: StreamTarget,
    records: readonly StreamRecord[],
    options?: CallOptions,
  ): Promise<void>;
  /** By primary key, at most 200: more are ERR_API_TOO_LARGE before anything is sent. Has effects. */
  streamDelete(target: StreamTarget, keys: readonly string[], options?: CallOptions): Promise<void>;
  /** Holds records against the schema and stores nothing. Throws ERR_API_BAD_REQUEST where the API refuses them without a report. */
  validate(
    target: StreamTarget,
    records: readonly StreamRecord[],
    options?: CallOptions,
  ): Promise<Validation>;
}

/** The streaming calls, made through `api`. */
export function createStreamingClient(api: ApiCaller): StreamingClient {
  return {
    async streamUpsert(target, records, options) {
      const operation = onTarget({ name: "stream-upsert", effect: true }, target);
      const json = limitedBody(operation, { data: records });
      const read = (answer: HttpAnswer) => parseAnswer(operation, answer, acceptedWire);
      await api.call({ operation, method: "POST", json, statuses: [202, 200], read }, options);
    },

    async streamDelete(target, keys, options) {
      const operation = onTarget({ name: "stream-delete", effect: true }, target);
      if (keys.length > maxStreamingDeletes) {
        throw overLimit(operation, "keys", keys.length, maxStreamingDeletes);
      }
      // In the body rather than in the query: keys are customer data, and URLs end up in logs.
      const json = limitedBody(operation, { ids: keys });
      const read = (answer: HttpAnswer) => parseAnswer(operation, answer, acceptedWire);
      await api.call({ operation, method: "DELETE", json, statuses: [202, 200], read }, options);
    },

    async validate(target, records, options) {
      const operation = onTarget({ name: "validate", effect: false }, target, "/actions/test");
      const json = limitedBody(operation, { data: records });
      const read = (answer: HttpAnswer) => readValidation(operation, answer);
      const statuses = [200, 202, 204, 400];
      return await api.call({ operation, method: "POST", json, statuses, read }, options);
    },
  };
}

function onTarget(
  operation: Pick<Operation, "name" | "effect">,
  { sourceName, object }: StreamTarget,
  suffix = "",
): Operation {
  for (const name of [sourceName, object]) {
    if (!apiNamePattern.test(name)) throw new RangeError("not the name of a connector or object");
  }
  return { ...operation, path: `/api/v1/ingest/sources/${sourceName}/${object}${suffix}` };
}

function limitedBody(operation: Operation, body: object): string {
  const json = JSON.stringify(body);
  const size = Buffer.byteLength(json);
  if (size > maxStreamingBodyBytes)
    throw overLimit(operation, "bytes", size, maxStreamingBodyBytes);
  return json;
}

function readValidation(operation: Operation, answer: HttpAnswer): Validation {
  if (answer.status !== 400) return { kind: "valid" };
  const report = readApiError(answer)?.details?.validationReport;
  if (report === undefined) throw statusError(operation, answer);
  return {
    kind: "invalid",
    faults: report.map(({ record, causingExceptions }) => ({ record, causes: causingExceptions })),
  };
}

function overLimit(operation: Operation, unit: "bytes" | "keys", seen: number, max: number) {
  const message = `${operation.name}: the body has ${seen} ${unit}, allowed are ${max}`;
  return new BulkError("ERR_API_TOO_LARGE", message, {
    fields: { operation: operation.name, path: operation.path, [unit]: seen, max },
  });
}
