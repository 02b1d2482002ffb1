/** The bulk endpoints. */
import {
  BulkError,
  type Operation as BulkOperation,
  maxPartBytes,
  type RemoteState,
  type Target,
} from "@headgate/core";
import { type Operation, parseAnswer, unexpected } from "./api-errors.ts";
import { type BulkJob, bulkJobOf } from "./bulk-job.ts";
import type { ApiCaller, CallOptions } from "./call-api.ts";
import {
  bulkJobIdPattern,
  bulkJobListWire,
  bulkJobWire,
  defaultListLimit,
  maxListLimit,
} from "./contract/bulk.ts";
import type { HttpAnswer } from "./http-transport.ts";
import { readAllPages } from "./list-pages.ts";
import type { UploadBody } from "./upload-body.ts";

export interface ListQuery {
  /** Default: the API's own choice, which is every state. */
  readonly states?: readonly RemoteState[] | undefined;
  /** 1 to 100, default 20. */
  readonly limit?: number | undefined;
  /** Entries to pass over, default 0. */
  readonly offset?: number | undefined;
  /** A field's name; default the API's own, `systemModstamp`. */
  readonly orderBy?: string | undefined;
}

/** Methods that take a bulk job's id throw RangeError where it does not look like one. */
export interface BulkClient {
  /**
   * Has effects; uses a slot whatever the answer. Throws ERR_API_CONFLICT while the object has a
   * bulk job that has not ended, ERR_API_BAD_REQUEST, ERR_API_NOT_FOUND for an unknown connector or
   * object (also for some seconds after a schema was registered).
   */
  createBulkJob(
    target: Pick<Target, "sourceName" | "object"> & { readonly operation: BulkOperation },
    options?: CallOptions,
  ): Promise<BulkJob>;
  /**
   * Sends one CSV as one file of an Open bulk job. Has effects: a repeated upload is a further
   * file. Opens the body again only for the replay after a 401. Throws ERR_API_TOO_LARGE, before
   * anything is sent where `body.bytes` is over the limit, ERR_API_CONFLICT where the bulk job is
   * not Open, ERR_API_BAD_REQUEST for a CSV that the API refuses, and the body's own errors, after
   * which the file was not accepted. A broken connection may hide an early 401, 413 or 429: ask
   * `info` before judging an ERR_API_UNKNOWN_OUTCOME.
   */
  upload(bulkJobId: string, body: UploadBody, options?: CallOptions): Promise<void>;
  /** Open to UploadComplete. Has effects. Throws ERR_API_CONFLICT in any other state. */
  close(bulkJobId: string, options?: CallOptions): Promise<BulkJob>;
  /** To Aborted; the API drops the uploaded data. Has effects. Throws ERR_API_CONFLICT where the state does not allow it. */
  abort(bulkJobId: string, options?: CallOptions): Promise<BulkJob>;
  info(bulkJobId: string, options?: CallOptions): Promise<BulkJob>;
  /** One page of the tenant's bulk jobs, other tools' included. */
  list(query?: ListQuery, options?: CallOptions): Promise<readonly BulkJob[]>;
  /**
   * Every bulk job in one of these states, each once. A list of more than 100 is read until two
   * passes agree; ERR_API_UNEXPECTED where it does not come to rest.
   */
  listAll(states: readonly RemoteState[], options?: CallOptions): AsyncIterable<BulkJob>;
  /** Deletes the record of a bulk job. Has effects. Throws ERR_API_CONFLICT while it is Open or InProgress. */
  remove(bulkJobId: string, options?: CallOptions): Promise<void>;
}

const jobsPath = "/api/v1/ingest/jobs";

/** The bulk calls, made through `api`. */
export function createBulkClient(api: ApiCaller): BulkClient {
  const patch = (
    name: "close" | "abort",
    state: "UploadComplete" | "Aborted",
    bulkJobId: string,
    options: CallOptions | undefined,
  ) => {
    const operation = onBulkJob({ name, effect: true }, bulkJobId);
    return api.call(
      {
        operation,
        method: "PATCH",
        json: JSON.stringify({ state }),
        statuses: [200],
        read: (answer) => readBulkJob(operation, answer),
      },
      options,
    );
  };

  const list: BulkClient["list"] = (query = {}, options) => {
    const operation: Operation = { name: "list", effect: false, path: jobsPath };
    return api.call(
      {
        operation,
        method: "GET",
        query: listQuery(query),
        statuses: [200],
        read: (answer) => parseAnswer(operation, answer, bulkJobListWire).data.map(bulkJobOf),
      },
      options,
    );
  };

  return {
    createBulkJob({ sourceName, object, operation: bulkOperation }, options) {
      const operation: Operation = { name: "create-bulk-job", effect: true, path: jobsPath };
      return api.call(
        {
          operation,
          method: "POST",
          json: JSON.stringify({ object, sourceName, operation: bulkOperation }),
          statuses: [201, 200],
          read: (answer) => readBulkJob(operation, answer),
        },
        options,
      );
    },

    async upload(bulkJobId, body, options) {
      const operation = onBulkJob({ name: "upload", effect: true }, bulkJobId, "/batches");
      if (body.bytes > maxPartBytes) throw tooLarge(operation, body);
      await api.call(
        {
          operation,
          method: "PUT",
          csv: body,
          // Documented as 202, shown as 201 in a walk-through; the body says nothing more.
          statuses: [202, 201, 200, 204],
          read: (answer) => {
            if (!answer.bodySent)
              throw unexpected(operation, answer, "success before the body's end");
          },
        },
        options,
      );
    },

    close: (bulkJobId, options) => patch("close", "UploadComplete", bulkJobId, options),
    abort: (bulkJobId, options) => patch("abort", "Aborted", bulkJobId, options),

    async info(bulkJobId, options) {
      const operation = onBulkJob({ name: "info", effect: false }, bulkJobId);
      return await api.call(
        {
          operation,
          method: "GET",
          statuses: [200],
          read: (answer) => readBulkJob(operation, answer),
        },
        options,
      );
    },

    list,

    async *listAll(states, options) {
      const found = await readAllPages(maxListLimit, (page) => list({ states, ...page }, options));
      if (found === undefined) {
        throw new BulkError("ERR_API_UNEXPECTED", "list: it kept changing while it was read", {
          fields: { operation: "list", path: jobsPath },
        });
      }
      yield* found.values();
    },

    async remove(bulkJobId, options) {
      const operation = onBulkJob({ name: "remove", effect: true }, bulkJobId);
      const nothing = () => undefined;
      await api.call({ operation, method: "DELETE", statuses: [204, 200], read: nothing }, options);
    },
  };
}

function onBulkJob(
  operation: Pick<Operation, "name" | "effect">,
  bulkJobId: string,
  suffix = "",
): Operation {
  // Keeps "..", slashes and queries out of the path.
  if (!bulkJobIdPattern.test(bulkJobId)) throw new RangeError("not the id of a bulk job");
  return { ...operation, bulkJobId, path: `${jobsPath}/${bulkJobId}${suffix}` };
}

function readBulkJob(operation: Operation, answer: HttpAnswer): BulkJob {
  const bulkJob = bulkJobOf(parseAnswer(operation, answer, bulkJobWire));
  if (operation.bulkJobId !== undefined && bulkJob.id !== operation.bulkJobId) {
    throw unexpected(operation, answer, "another bulk job");
  }
  return bulkJob;
}

function listQuery({ states, limit = defaultListLimit, offset = 0, orderBy }: ListQuery): string {
  if (!Number.isInteger(limit) || limit < 1 || limit > maxListLimit) {
    throw new RangeError(`list limit is ${limit}, allowed are 1 to ${maxListLimit}`);
  }
  const query = new URLSearchParams({ limit: String(limit), offset: String(offset) });
  if (orderBy !== undefined) query.set("orderBy", orderBy);
  if (states !== undefined) query.set("states", states.join(","));
  // The comma is legal in a query and is what the documentation shows.
  return `?${query.toString().replaceAll("%2C", ",")}`;
}

function tooLarge(operation: Operation, body: UploadBody): BulkError {
  const message = `upload: the body has ${body.bytes} bytes, allowed are ${maxPartBytes}`;
  return new BulkError("ERR_API_TOO_LARGE", message, {
    fields: {
      operation: operation.name,
      bulkJobId: operation.bulkJobId,
      bytes: body.bytes,
      maxBytes: maxPartBytes,
    },
  });
}
