export { createFileStore, type FileStoreOptions } from "./file-store.ts";
export type { ConversionBounds } from "./format/convert.ts";
export { createPartSource, type PartSource, type PartSourceOptions } from "./part-source.ts";
export { type RetryWait, waitWithJitter } from "./retry.ts";
export { openBody, type RewindableBody } from "./rewindable-body.ts";
export type { S3ConnectionOptions } from "./s3-client.ts";
export { createS3Store, type S3Store, type S3StoreOptions } from "./s3-store.ts";
export type { SourceOptions, SourceStore } from "./source-store.ts";
