/** What programs that start workers may set and headgate.yaml does not have. */
import type { EpochMs, Milliseconds, SlotLimits } from "@headgate/core";
import type { ConnectionPorts, StepSettings } from "@headgate/orchestrator";
import type { S3StoreOptions } from "@headgate/part-source";

/** Each absent for its default. For tests, and for programs that bring their own store. */
export interface WorkerTuning {
  readonly limits?: Partial<SlotLimits>;
  readonly steps?: Partial<StepSettings>;
  /** Time between two sweeps. Default 30 s. */
  readonly sweepEveryMs?: Milliseconds;
  /** How long the task of a worker that died rests before another takes it over. Default 30 s. */
  readonly lockMs?: Milliseconds;
  /** Changes the ports of each connection, such as the store that its source objects come from. */
  readonly ports?: (usual: ConnectionPorts) => ConnectionPorts;
  /** The fleet's one clock, for tests that move it. Default: Redis TIME. */
  readonly clock?: () => EpochMs;
  /** Default: the AWS SDK's chain. */
  readonly s3Credentials?: S3StoreOptions["credentials"];
}
