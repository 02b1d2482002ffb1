export type { GeneratedObject } from "./object-folder.ts";
export { type S3StandIn, type S3StandInOptions, startS3StandIn } from "./server.ts";
