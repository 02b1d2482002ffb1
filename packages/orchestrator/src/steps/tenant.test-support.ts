/** A tenant and a store in memory, as far as steps and tasks need them. */
import {
  BulkError,
  bytes,
  type ErrorCode,
  type RemoteBulkJob,
  type RemoteState,
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
  /** State that a closed bulk job has. Default JobComplete. */
  closedState: RemoteState;
  /** User that bulk jobs are created by. Default us. */
  createdBy: string;
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
    failNext: (call, code) => void faults.push({ call, code }),
    hold: (call, until) => void holds.set(call, until),
    ingestion: {
      authenticate: ({ signal }) => met("authenticate", signal),
      clockOffsetMs: () => 0,
      async createBulkJob({ sourceName, object, operation }, { signal }) {
        await met("create", signal);
        const id = `remote${bulkJobs.size + 1}`;
        const job: TestBulkJob = {
          id,
          sourceName,
          object,
          operation,
          state: "Open",
          createdById: tenant.createdBy,
          files: [],
        };
        bulkJobs.set(id, job);
        return job;
      },
      async upload(id, body, { signal }) {
        await met("upload", signal);
        jobOf(id).files.push(await textOf(body, signal));
      },
      async close(id, { signal }) {
        await met("close", signal);
        return moved(id, tenant.closedState);
      },
      async abort(id, { signal }) {
        await met("abort", signal);
        return moved(id, "Aborted");
      },
      async info(id, { signal }) {
        await met("info", signal);
        return jobOf(id);
      },
      async *listAll(states, { signal }) {
        await met("list", signal);
        for (const job of bulkJobs.values()) if (states.includes(job.state)) yield job;
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
    const job = bulkJobs.get(id);
    if (job === undefined) throw new BulkError("ERR_API_NOT_FOUND", `no bulk job ${id}`);
    return job;
  }

  function moved(id: string, state: RemoteState): TestBulkJob {
    const job = { ...jobOf(id), state };
    bulkJobs.set(id, job);
    return job;
  }

  return tenant;
}

async function textOf(body: RewindableBody, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.open(signal)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A store whose objects are the entries of `files`, by URI; only `uri` sources are known. */
export function createTestStore(files: ReadonlyMap<string, string>): SourcePort {
  function contentOf(uri: string): Buffer {
    const text = files.get(uri);
    if (text === undefined) throw new BulkError("ERR_SOURCE_NOT_FOUND", `${uri} is not there`);
    return Buffer.from(text);
  }
  return {
    async *list(selection) {
      if (selection.kind !== "uri") throw new TypeError("the test store knows uri sources only");
      const { uri } = selection;
      yield { uri, bytes: bytes(contentOf(uri).length), pin: "pin" };
    },
    async *read({ uri }, { from, to }) {
      yield contentOf(uri).subarray(from, to);
    },
    open(pieces) {
      const body = Buffer.concat(
        pieces.map((piece) =>
          piece.kind === "literal"
            ? Buffer.from(piece.text)
            : contentOf(piece.object.uri).subarray(piece.range.from, piece.range.to),
        ),
      );
      return {
        bytes: bytes(body.length),
        async *open() {
          yield body;
        },
      };
    },
  };
}
