/**
 * The Ingestion API's published limits. Source of each, unless another is named:
 * developer.salesforce.com, "Get Started with Ingestion API", tables "Bulk Ingest API Limits" and
 * "Streaming Ingest API Limits".
 */
import { type Bytes, bytes, type Milliseconds, seconds } from "./units.ts";

/** "CSV files uploaded via Bulk API have a maximum size of 150 MB"; read as 150 x 10^6, the smaller reading. */
export const maxPartBytes: Bytes = bytes(150_000_000);
/** "A job can have a maximum of 100 files." */
export const maxFilesPerBulkJob = 100;
/** "Number of Requests or Jobs Allowed per Hour"; read as bulk jobs created in any rolling hour. */
export const slotsPerWindow = 20;
/** The rolling hour of `slotsPerWindow`. */
export const slotWindowMs: Milliseconds = seconds(3600);
/** "Number of Concurrent Requests or Jobs Allowed at One Time"; read as bulk jobs not yet ended. */
export const maxUnfinishedBulkJobs = 5;
/** "Open bulk jobs with the status of Open or Upload Complete that are older than 7 days are deleted." */
export const retentionMs: Milliseconds = seconds(7 * 24 * 3600);
/** "JSON data uploaded via Streaming API have a maximum body size of 200 KB per request"; read as 10^3. */
export const maxStreamingBodyBytes: Bytes = bytes(200_000);
/** "You can delete a maximum of 200 records via Streaming API." */
export const maxStreamingDeletes = 200;
/** "Total Number of Requests per Second Across All Ingestion API Object Endpoints". */
export const maxStreamingRequestsPerSecond = 250;
