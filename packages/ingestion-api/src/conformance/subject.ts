/** What the suite needs of a tenant that it is run against. */
import {
  isBulkError,
  type Milliseconds,
  type Operation,
  type RemoteState,
  seconds,
} from "@headgate/core";
import { onTestFinished } from "vitest";
import type { BulkJob } from "../bulk-job.ts";
import type { ConnectedClient, IngestionClient } from "../client.ts";
import type { ConnectorSchema } from "../contract/connector-schema.ts";

/** A connector whose data the suite may write to, and no one else does meanwhile. */
export interface ConformanceTarget {
  readonly sourceName: string;
  readonly schema: ConnectorSchema;
  /** The object to write to, one of the schema's. */
  readonly object: string;
}

export interface ApiSubject {
  readonly name: string;
  /** A fresh client; the suite closes it. */
  connect(): ConnectedClient;
  /** The first is written to; further ones serve the limits of a whole tenant. */
  readonly targets: readonly [ConformanceTarget, ...ConformanceTarget[]];
  /**
   * Whether bulk jobs are created and records written: 5 bulk jobs, 8 slots of the 20 an hour with
   * the creations that are refused, and 3 records whose keys begin with `headgate-conformance`
   * (1 to 3 in a numeric key), which are deleted again. Without it 2 refused creations remain.
   */
  readonly destructive: boolean;
  /** Whether the tenant's limits are driven into: only for a tenant that can be thrown away. */
  readonly limits: boolean;
  /** Lets this much of the tenant's time pass. */
  wait(span: Milliseconds): Promise<void>;
}

/** A client that is closed when the running test ends. */
export function clientFor(subject: ApiSubject): ConnectedClient {
  const connected = subject.connect();
  onTestFinished(() => connected.close());
  return connected;
}

/** An Open bulk job on the target; aborted when the running test ends, if it still can be. */
export async function openBulkJob(
  client: IngestionClient,
  target: Pick<ConformanceTarget, "sourceName" | "object">,
  operation: Operation = "upsert",
): Promise<BulkJob> {
  const { sourceName, object } = target;
  const bulkJob = await client.createBulkJob({ sourceName, object, operation });
  onTestFinished(async () => {
    await client.abort(bulkJob.id).catch((error: unknown) => {
      if (!isBulkError(error, "ERR_API_CONFLICT", "ERR_API_NOT_FOUND")) throw error;
    });
  });
  return bulkJob;
}

/** Half an hour of the tenant's time. */
const pollMs = seconds(10);
const maxPolls = 180;

/** Asks until the bulk job has ended. */
export async function ended(
  subject: ApiSubject,
  client: IngestionClient,
  bulkJobId: string,
): Promise<BulkJob> {
  for (let polls = 0; polls < maxPolls; polls += 1) {
    const bulkJob = await client.info(bulkJobId);
    if (finalStates.includes(bulkJob.state)) return bulkJob;
    await subject.wait(pollMs);
  }
  throw new Error(`bulk job ${bulkJobId} has not ended in half an hour`);
}

const finalStates: readonly RemoteState[] = ["JobComplete", "Failed", "Aborted"];

export async function collect<T>(values: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}
