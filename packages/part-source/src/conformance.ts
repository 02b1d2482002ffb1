/** The contract of `SourceStore` as a vitest suite: every store, and every server behind one, passes it. */
import { describe } from "vitest";
import { describeChanges } from "./conformance/changes.ts";
import { describeConverting } from "./conformance/converting.ts";
import { describeReading } from "./conformance/reading.ts";
import { describeSelecting } from "./conformance/selecting.ts";
import type { StoreSubject } from "./conformance/subject.ts";

export type { OpenSubject, StoreSubject } from "./conformance/subject.ts";

/** Declares the suite for one kind of store. */
export function describeSourceStore(subject: StoreSubject): void {
  describe(`source store: ${subject.name}`, () => {
    describeSelecting(subject);
    describeReading(subject);
    describeChanges(subject);
    describeConverting(subject);
  });
}
