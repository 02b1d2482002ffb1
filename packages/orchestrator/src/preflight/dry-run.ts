/** A dry run: what planning would make of a load, without recording anything or spending a slot. */
import { createFindingsLog, isBulkError, reasonCode, retryTable } from "@headgate/core";
import type { PlanReport } from "../errands.ts";
import type { LoadRequest } from "../load-request.ts";
import type { StepContext } from "../steps/context.ts";
import { preflightFor, type ReadLoadOptions, readLoad } from "./read-load.ts";

/** Source objects named in a report. */
const filesListed = 1000;

export interface DryRunOptions {
  /** Whose load it would be, and the way it would come. */
  readonly owner: ReadLoadOptions["owner"];
  readonly signal: AbortSignal;
  readonly onRead: ReadLoadOptions["onRead"];
}

/**
 * Reads the load as planning does. A fault that planning would refuse is the report's `reason`, and
 * its sums are those of what was read until then; a passing one, such as ERR_SOURCE_UNREADABLE, is
 * thrown, for it says nothing of the load.
 */
export async function dryRun(
  context: Pick<StepContext, "ledger" | "ports" | "settings">,
  request: LoadRequest,
  { owner, signal, onRead }: DryRunOptions,
): Promise<PlanReport> {
  const { ports, settings } = context;
  const { connection, sourceName, object, operation } = request;
  const files: { readonly uri: string; readonly bytes: number }[] = [];
  const sums = { sourceObjects: 0, parts: 0, bytes: 0, records: 0 };
  const findings = createFindingsLog(preflightFor(ports, request).policy);
  const reason = await refusalOf(() =>
    readLoad(context, {
      request,
      owner,
      findings,
      signal,
      onRead,
      sink: {
        async addSource({ uri, bytes }) {
          sums.sourceObjects++;
          if (files.length < filesListed) files.push({ uri, bytes });
        },
        async addPart({ bytes, records }) {
          sums.parts++;
          sums.bytes += bytes;
          sums.records += records;
        },
      },
    }),
  );
  return {
    ...{ connection, sourceName, object, operation },
    ok: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
    ...sums,
    files,
    bulkJobs: Math.ceil(sums.parts / settings.maxFilesPerBulkJob),
    findings: findings.findings(),
  };
}

async function refusalOf(read: () => Promise<unknown>): Promise<PlanReport["reason"]> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (!isBulkError(error) || retryTable[error.code].retry !== "never") throw error;
    return { code: reasonCode(error.code), message: error.message };
  }
}
