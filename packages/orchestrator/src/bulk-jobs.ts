/** The door to bulk jobs: those in the ledger, and those of other tools in the tenant's last list. */
import type { BulkJobPhase } from "@headgate/core";
import type { BulkJobView } from "./views.ts";

/** A bulk job in a list. */
export interface ListedBulkJob extends Partial<BulkJobView> {
  readonly connection: string;
  /** `ours`: in the ledger. `foreign`: another tool's, as seen in the tenant's last list. */
  readonly owner: "ours" | "foreign";
  /** The API's id. Absent while ours is not created. */
  readonly remoteId?: string;
  readonly sourceName: string;
  readonly object: string;
  readonly claimedAt?: string;
  readonly endedAt?: string;
  readonly loads?: readonly string[];
}

export interface BulkJobPage {
  readonly bulkJobs: readonly ListedBulkJob[];
  readonly nextCursor?: string;
}

export interface BulkJobFilter {
  readonly connection?: string;
  readonly phase?: BulkJobPhase;
  readonly owner?: "ours" | "foreign";
  readonly limit?: number;
  readonly cursor?: string;
}

/** To abort one, ask for the errand `abort-bulk-job`: only a worker can talk to the tenant. */
export interface BulkJobs {
  /** Foreign ones first, then ours, newest first. Throws ERR_REQUEST_INVALID, ERR_UNKNOWN_CONNECTION. */
  list(filter: BulkJobFilter): Promise<BulkJobPage>;
  /** By our id or the API's. */
  get(id: string): Promise<ListedBulkJob | undefined>;
}
