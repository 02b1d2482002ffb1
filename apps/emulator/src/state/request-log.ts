/** Every call of the API in the order of arrival, bounded in number. */
import type { EpochMs } from "@headgate/core";
import type { CallKind } from "./call-kind.ts";

/** One call. It is listed from its arrival on; `status` stays null while no answer was sent. */
export interface LoggedCall {
  /** Order of arrival, from 1. */
  readonly seq: number;
  /** When it arrived, on the emulator's clock. */
  readonly at: EpochMs;
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** null for a path or method the API does not have. */
  kind: CallKind | null;
  status: number | null;
  /** Whether the emulator did what was asked, answered or not. */
  accepted: boolean;
  bulkJobId?: string;
  /** Bytes of the body that were read, for uploads. */
  bytes?: number;
  /** Kind of the fault that struck it. */
  fault?: string;
}

/** The last calls, at most `limit()` of them. */
export class RequestLog {
  readonly #limit: () => number;
  #calls: LoggedCall[] = [];
  #seq = 0;

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  add(call: Pick<LoggedCall, "at" | "method" | "path" | "kind">): LoggedCall {
    this.#seq += 1;
    const logged: LoggedCall = { seq: this.#seq, ...call, status: null, accepted: false };
    this.#calls.push(logged);
    // Trimmed by half the limit at a time, because dropping the first of 100,000 each time is slow.
    const limit = this.#limit();
    if (this.#calls.length > limit * 1.5) this.#calls = this.#calls.slice(-limit);
    return logged;
  }

  /** Calls with a `seq` greater than `since`, oldest first. */
  since(since: number): readonly LoggedCall[] {
    return this.#calls.slice(-this.#limit()).filter(({ seq }) => seq > since);
  }

  clear(): void {
    this.#calls = [];
  }
}
