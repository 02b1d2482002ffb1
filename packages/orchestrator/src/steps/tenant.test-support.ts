/** A tenant and a store in memory, as far as steps and tasks need them. */
import { createHash } from "node:crypto";
import {
  BulkError,
  bytes,
  type ErrorCode,
  type RemoteBulkJob,
  type RemoteState,
  type SourceObject,
  type SourceSelection,
  unfinishedRemoteStates,
} from "@headgate/core";
import type { IngestionPort, RewindableBody, SourcePort } from "../ports.ts";

type Call = "authenticate" | "create" | "upload" | "close" | "abort" | "info" | "list";

export interface TestTenant {
  readonly ingestion: IngestionPort;
  /** Every bulk job there ever was, by id. */
  readonly bulkJobs: ReadonlyMap<string, TestBulkJob>;
  /** Calls so far, in order. */
  readonly calls: readonly Call[];
  /** The next call of this kind fails so, before it does anything. */
  failNext(call: Call, code: ErrorCode): void;
  /** What each call of this kind waits for before it does anything. */
  hold(call: Call, until: (signal: AbortSignal) => Promise<void>): void;
  /** Ends a closed bulk job as JobComplete. */
  process(bulkJobId: string): void;
  /** State that a closed bulk job has. Default JobComplete. */
  closedState: RemoteState;
  /** User that bulk jobs are created by. Default us. */
  createdBy: string;
  /** Date that bulk jobs are created at; none where absent. */
  createdAt: number | undefined;
  /** Whether it refuses a second unfinished bulk job of an object. Default true. */
  oneBulkJobPerObject: boolean;
}

export interface TestBulkJob extends RemoteBulkJob {
  readonly files: string[];
}

export function createTestTenant(): TestTenant {
  const bulkJobs = new Map<string, TestBulkJob>();
  const calls: Call[] = [];
  const faults: { readonly call: Call; readonly code: ErrorCode }[] = [];
  const holds = new Map<Call, (signal: AbortSignal) => Promise<void>>();
  const tenant: TestTenant = {
    bulkJobs,
    calls,
    closedState: "JobComplete",
    createdBy: "us",
    createdAt: undefined,
    oneBulkJobPerObject: true,
    failNext: (call, code) => void faults.push({ call, code }),
    hold: (call, until) => void holds.set(call, until),
    process: (id) => void moved(id, "JobComplete"),
    ingestion: {
      authenticate: ({ signal }) => met("authenticate", signal),
      clockOffsetMs: () => 0,
      async createBulkJob({ sourceName, object, operation }, { signal }) {
        await met("create", signal);
        const rival = [...bulkJobs.values()].find((other) => {
          return isUnfinished(other) && other.sourceName === sourceName && other.object === object;
        });
        if (tenant.oneBulkJobPerObject && rival !== undefined)
          throw conflict(`${sourceName}/${object} has the unfinished bulk job ${rival.id}`);
        const id = `remote${bulkJobs.size + 1}`;
        const bulkJob: TestBulkJob = {
          id,
          sourceName,
          object,
          operation,
          state: "Open",
          createdById: tenant.createdBy,
          createdAt: tenant.createdAt,
          files: [],
        };
        bulkJobs.set(id, bulkJob);
        return bulkJob;
      },
      async upload(id, body, { signal }) {
        await met("upload", signal);
        openJob(id).files.push(await textOf(body, signal));
      },
      async close(id, { signal }) {
        await met("close", signal);
        openJob(id);
        return moved(id, tenant.closedState);
      },
      async abort(id, { signal }) {
        await met("abort", signal);
        if (!isUnfinished(jobOf(id))) throw conflict(`bulk job ${id} has ended`);
        return moved(id, "Aborted");
      },
      async info(id, { signal }) {
        await met("info", signal);
        return jobOf(id);
      },
      async *listAll(states, { signal }) {
        await met("list", signal);
        for (const bulkJob of bulkJobs.values()) if (states.includes(bulkJob.state)) yield bulkJob;
      },
    },
  };

  async function met(call: Call, signal: AbortSignal): Promise<void> {
    calls.push(call);
    await holds.get(call)?.(signal);
    signal.throwIfAborted();
    const at = faults.findIndex((fault) => fault.call === call);
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    if (fault !== undefined) throw new BulkError(fault.code, `${call} met ${fault.code}`);
  }

  function jobOf(id: string): TestBulkJob {
    const bulkJob = bulkJobs.get(id);
    if (bulkJob === undefined) throw new BulkError("ERR_API_NOT_FOUND", `no bulk job ${id}`);
    return bulkJob;
  }

  function openJob(id: string): TestBulkJob {
    const bulkJob = jobOf(id);
    if (bulkJob.state !== "Open") throw conflict(`bulk job ${id} is ${bulkJob.state}`);
    return bulkJob;
  }

  function moved(id: string, state: RemoteState): TestBulkJob {
    const bulkJob = { ...jobOf(id), state };
    bulkJobs.set(id, bulkJob);
    return bulkJob;
  }

  return tenant;
}

function isUnfinished({ state }: RemoteBulkJob): boolean {
  return unfinishedRemoteStates.includes(state);
}

function conflict(message: string): BulkError {
  return new BulkError("ERR_API_CONFLICT", message);
}

async function textOf(body: RewindableBody, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.open(signal)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A store whose objects are the entries of `files`, by URI; it knows `uri`, `prefix`, `keys` and `manifest` sources. */
export function createTestStore(files: ReadonlyMap<string, string>): SourcePort {
  function contentOf(uri: string): Buffer {
    const text = files.get(uri);
    if (text === undefined) throw new BulkError("ERR_SOURCE_NONE_MATCHED", `${uri} is not there`);
    return Buffer.from(text);
  }
  function pinnedContentOf({ uri, pin }: SourceObject): Buffer {
    const content = contentOf(uri);
    if (pinOf(content) !== pin) throw new BulkError("ERR_SOURCE_CHANGED", `${uri} has changed`);
    return content;
  }
  return {
    async *list(selection) {
      const uris = selectedUris(files, selection);
      if (uris.length === 0)
        throw new BulkError("ERR_SOURCE_NONE_MATCHED", "the selection selects no object");
      for (const uri of uris) {
        const content = contentOf(uri);
        yield { uri, bytes: bytes(content.length), pin: pinOf(content) };
      }
    },
    async *readWhole(object) {
      yield pinnedContentOf(object);
    },
    async *read(object, { from, to }) {
      yield pinnedContentOf(object).subarray(from, to);
    },
    open(pieces) {
      const lengths = pieces.map((piece) =>
        piece.kind === "literal"
          ? Buffer.byteLength(piece.text)
          : piece.range.to - piece.range.from,
      );
      return {
        bytes: bytes(lengths.reduce((sum, length) => sum + length, 0)),
        async *open() {
          for (const piece of pieces)
            yield piece.kind === "literal"
              ? Buffer.from(piece.text)
              : pinnedContentOf(piece.object).subarray(piece.range.from, piece.range.to);
        },
      };
    },
  };
}

function selectedUris(
  files: ReadonlyMap<string, string>,
  selection: SourceSelection,
): readonly string[] {
  switch (selection.kind) {
    case "uri":
      return files.has(selection.uri) ? [selection.uri] : [];
    case "prefix": {
      const { uri: start, suffix = "" } = selection;
      return [...files.keys()]
        .filter((uri) => uri.startsWith(start) && uri.endsWith(suffix))
        .sort();
    }
    case "keys":
      return selection.uris.map((uri) => thereIn(files, uri));
    case "manifest": {
      const text = files.get(thereIn(files, selection.uri)) ?? "";
      const { entries } = JSON.parse(text) as {
        readonly entries: readonly { readonly url: string }[];
      };
      return entries.map(({ url }) => thereIn(files, url));
    }
    default:
      throw new TypeError(`the test store knows no ${selection.kind} sources`);
  }
}

function thereIn(files: ReadonlyMap<string, string>, uri: string): string {
  if (files.has(uri)) return uri;
  throw new BulkError("ERR_SOURCE_NOT_FOUND", `${uri} does not exist`, { fields: { uri } });
}

function pinOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
