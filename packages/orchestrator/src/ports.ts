/**
 * What the orchestrator needs from outside, as it wants it. `@headgate/ingestion-api` and
 * `@headgate/part-source` fit these shapes; the apps hand them in.
 */
import type {
  BodyPiece,
  ByteRange,
  Bytes,
  ClientAccess,
  ConnectorCatalogue,
  Milliseconds,
  Operation,
  PreflightSettings,
  RemoteBulkJob,
  RemoteState,
  SourceFormat,
  SourceObject,
  SourceSelection,
  Target,
} from "@headgate/core";
import type { EmitEvent } from "./events.ts";

/** An abort ends the call with the signal's reason. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

/** A body of known length that can be opened any number of times. */
export interface RewindableBody {
  readonly bytes: Bytes;
  /** Yields exactly `bytes` bytes or throws. */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * The bulk calls of one tenant. Errors are BulkErrors with ERR_API_*, ERR_AUTH_REFUSED,
 * ERR_INSTANCE_URL or ERR_KEY_FILE. ERR_API_UNKNOWN_OUTCOME means that the call may have been done.
 */
export interface IngestionPort {
  /** Makes sure that calls could be authorised now, so that no slot is spent on a bad login. */
  authenticate(options: CallOptions): Promise<void>;
  /** Id of the user that we log in as, where a login has said so. */
  userId?(): string | undefined;
  /** Id of the organisation that the last login led to, where it has said so. */
  orgId?(): string | undefined;
  /** How far the API's clock, which dates bulk jobs, is ahead of ours; 0 where that is not known. */
  clockOffsetMs(): number;
  createBulkJob(
    target: {
      readonly sourceName: string;
      readonly object: string;
      readonly operation: Operation;
    },
    options: CallOptions,
  ): Promise<RemoteBulkJob>;
  /** Source errors met while the body is read come through as they are (ERR_SOURCE_*). */
  upload(bulkJobId: string, body: RewindableBody, options: CallOptions): Promise<void>;
  close(bulkJobId: string, options: CallOptions): Promise<RemoteBulkJob>;
  abort(bulkJobId: string, options: CallOptions): Promise<RemoteBulkJob>;
  info(bulkJobId: string, options: CallOptions): Promise<RemoteBulkJob>;
  /** Every bulk job in one of these states, each once. */
  listAll(states: readonly RemoteState[], options: CallOptions): AsyncIterable<RemoteBulkJob>;
}

/** The stores that source objects lie in. Errors are BulkErrors with ERR_SOURCE_*. */
export interface SourcePort {
  /** Objects say the `conversion` that `format` asks of them; default format: by name, UTF-8, comma. */
  list(
    selection: SourceSelection,
    options: CallOptions & { readonly format?: SourceFormat | undefined },
  ): AsyncIterable<SourceObject>;
  /** All bytes of an object after its conversion, so perhaps none. Also throws ERR_SOURCE_FORMAT. */
  readWhole(object: SourceObject, options: CallOptions): AsyncIterable<Uint8Array>;
  /** A range of the bytes after the conversion. Ranges in order cost one pass over the object. */
  read(object: SourceObject, range: ByteRange, options: CallOptions): AsyncIterable<Uint8Array>;
  open(pieces: readonly BodyPiece[]): RewindableBody;
}

/** Disk space for one scan that does not fit in memory. Errors are BulkErrors with ERR_SCRATCH. */
export interface Scratch {
  /** Adds bytes to the end of a partition, which begins empty; keeps none of them. Names are letters, digits and `-`. */
  append(partition: string, bytes: Uint8Array): Promise<void>;
  /** All bytes of a partition, in order; what is yielded is valid until the next is asked for. */
  read(partition: string, options: CallOptions): AsyncIterable<Uint8Array>;
  /** Removes everything. */
  dispose(): Promise<void>;
}

/** Chance and identity, handed in so that a run can be repeated. */
export interface Chance {
  /** In [0, 1). */
  random(): number;
  /** A fresh id of letters and digits, unguessable. */
  newId(): string;
}

/** This machine's own time, which never jumps. What the fleet agrees on is the ledger's time. */
export interface Stopwatch {
  /** Milliseconds since an instant that is fixed while the process lives. */
  elapsedMs(): number;
  /** Aborts, with a TimeoutError, after `ms`. */
  deadline(ms: Milliseconds): AbortSignal;
  /** Runs something after `ms`, unless that is taken back by what it returns. */
  after(ms: Milliseconds, run: () => void): () => void;
}

/** One tenant, with all that its steps need. */
export interface ConnectionPorts {
  readonly ingestion: IngestionPort;
  readonly source: SourcePort;
  /** Connectors and objects that may be targets. */
  readonly catalogue: ConnectorCatalogue;
  /**
   * What a client may do, by the name and the way under which its requests are recorded. `any`: all,
   * as for those who write headgate.yaml or Redis. Undefined: there is no such client (any more).
   */
  accessOf(principal: string, via: string): ClientAccess | "any" | undefined;
  /** What preflight looks for in loads of this target, where the request does not say otherwise. */
  preflightOf(target: Pick<Target, "sourceName" | "object">): PreflightSettings;
  /** Opens scratch space that nothing else uses. */
  openScratch(): Promise<Scratch>;
  readonly chance: Chance;
  readonly stopwatch: Stopwatch;
  readonly emit: EmitEvent;
}
