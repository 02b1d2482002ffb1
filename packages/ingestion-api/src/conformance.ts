/**
 * The Ingestion API as this package's client understands it, as a vitest suite: to be run against
 * the emulator, so that it may stand in for a tenant, and against a tenant, so that both may be
 * believed.
 */
import { describe } from "vitest";
import { describeBulkJobs, describeUnknownBulkJobs } from "./conformance/bulk-jobs.ts";
import { describeLimits } from "./conformance/limits.ts";
import { describeStreaming, describeValidation } from "./conformance/streaming.ts";
import type { ApiSubject } from "./conformance/subject.ts";
import { describeTokens } from "./conformance/tokens.ts";

export type { ApiSubject, ConformanceTarget } from "./conformance/subject.ts";

/**
 * Declares the suite for one tenant: what reads always, what writes where `destructive`, what
 * exhausts limits where `limits`. Its tests run one after the other and leave no bulk job open.
 */
export function describeIngestionApi(subject: ApiSubject): void {
  describe(`ingestion API: ${subject.name}`, () => {
    describeTokens(subject);
    describeUnknownBulkJobs(subject);
    describeValidation(subject);
    if (subject.destructive) {
      describeBulkJobs(subject);
      describeStreaming(subject);
    }
    if (subject.limits) describeLimits(subject);
  });
}
