/** What a worker does for each kind of errand; the answer is the errand's report, plain JSON. */
import { assertNever } from "@headgate/core";
import type { ErrandRequest } from "../errands.ts";
import { type Owner, ownerAccess } from "../owner-access.ts";
import { dryRun } from "../preflight/dry-run.ts";
import { testSchedule } from "../schedules/schedule-test.ts";
import type { StepContext } from "../steps/context.ts";
import { reap } from "../steps/reap.ts";
import { abortOnRequest } from "./abort-on-request.ts";
import { observeNow } from "./observe-now.ts";

/** What comes with a request. */
export interface ErrandCall {
  readonly owner: Owner;
  readonly signal: AbortSignal;
  /** Tells those who wait how far it is; may be called as often as is handy. */
  readonly onRead: (read: { readonly sourceObjects: number; readonly bytes: number }) => void;
}

/** Does it. Throws a BulkError for an expected failure. */
export async function doErrand(
  context: StepContext,
  request: ErrandRequest,
  call: ErrandCall,
): Promise<object> {
  const { owner, signal } = call;
  ownerAccess(context, owner);
  switch (request.kind) {
    case "plan":
      return await dryRun(context, request.request, call);
    case "schedule-test":
      return await testSchedule(context, request, signal);
    case "abort-bulk-job":
      return await abortOnRequest(context, request.id, { principal: owner.principal, signal });
    case "observe":
      return await observeNow(context, signal);
    case "reap":
      return await reap(context, signal);
    default:
      return assertNever(request);
  }
}
