export type { Operation as ApiOperation } from "./api-errors.ts";
export type { BulkClient, ListQuery } from "./bulk-client.ts";
export type { BulkJob } from "./bulk-job.ts";
export type { CallOptions } from "./call-api.ts";
export {
  type ConnectedClient,
  connectIngestionApi,
  createIngestionClient,
  type IngestionClient,
  type IngestionClientDeps,
} from "./client.ts";
export type { TokenConnection } from "./connection.ts";
export {
  createHttpTransport,
  deadlineMs,
  defaultTimeLimits,
  type HttpTransport,
  type HttpTransportOptions,
  type TimeLimits,
} from "./http-transport.ts";
export type { DataCloudToken } from "./login.ts";
export { type PrivateKeyFile, privateKeyFile } from "./private-key-file.ts";
export type {
  StreamingClient,
  StreamRecord,
  StreamTarget,
  Validation,
} from "./streaming-client.ts";
export { systemTiming, type Timing } from "./timing.ts";
export { createTokenSource, type TokenSource, type TokenSourceDeps } from "./token-source.ts";
export type { UploadBody } from "./upload-body.ts";
