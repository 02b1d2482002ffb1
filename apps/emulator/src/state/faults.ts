/** Faults a test has ordered: which call, how often, and what goes wrong. */
import { z } from "zod";
import { callKinds } from "./call-kind.ts";

const common = {
  /** How many matching calls it strikes. */
  times: z.union([z.int().min(1), z.literal("always")]).default(1),
  /** How many matching calls it lets pass first. */
  skip: z.int().min(0).default(0),
  /** Strikes only calls about this connector. */
  sourceName: z.string().optional(),
  /** Strikes only calls about this object. */
  object: z.string().optional(),
};
const route = z.enum(callKinds);

/** What is answered in place of the call's own answer. */
const answer = {
  status: z.int().min(400).max(599),
  /** Sent as it is; default: the API's error body. */
  body: z.unknown().optional(),
  /** Value of a Retry-After header. */
  retryAfter: z.string().optional(),
};

/** A fault as a test orders it. */
export const faultShape = z.discriminatedUnion("kind", [
  /** Nothing is done; the body is read, then `status` answered. */
  z.strictObject({ ...common, kind: z.literal("error"), route, ...answer }),
  /** Nothing is done; `status` is answered before the body is read. */
  z.strictObject({ ...common, kind: z.literal("early-status"), route, ...answer }),
  /** The call is done; its answer never comes. */
  z.strictObject({
    ...common,
    kind: z.literal("done-then-timeout"),
    route,
    /** Close the connection instead of keeping silent. */
    closeSocket: z.boolean().default(false),
  }),
  /** Nothing is done, and no answer comes. */
  z.strictObject({ ...common, kind: z.literal("timeout"), route }),
  /** Nothing is done; the connection is destroyed once this many bytes of the body were read. */
  z.strictObject({
    ...common,
    kind: z.literal("cut"),
    route,
    afterBytes: z.int().min(0).default(0),
  }),
  /** The call is done, slowly: `delayMs` of real time before the answer, the body read at a rate. */
  z.strictObject({
    ...common,
    kind: z.literal("slow"),
    route,
    delayMs: z.int().min(0).default(0),
    bytesPerSecond: z.int().min(1).optional(),
  }),
  /** Processing of a bulk job that is closed now ends in Failed, and nothing is applied. */
  z.strictObject({ ...common, kind: z.literal("fail"), route: z.literal("processing") }),
  /** Processing of a bulk job that is closed now never ends. */
  z.strictObject({ ...common, kind: z.literal("stuck"), route: z.literal("processing") }),
]);

export type Fault = z.output<typeof faultShape>;
export type FaultInput = z.input<typeof faultShape>;

/** What a call is about, as far as it is known. */
export interface FaultSubject {
  readonly sourceName?: string | undefined;
  readonly object?: string | undefined;
}

/** A fault with how often it matched and struck. */
export interface FaultReport {
  readonly fault: Fault;
  readonly matched: number;
  readonly struck: number;
}

/** The ordered faults, in order. */
export class Faults {
  #ordered: { readonly fault: Fault; matched: number; struck: number }[] = [];

  add(faults: readonly Fault[]): void {
    for (const fault of faults) this.#ordered.push({ fault, matched: 0, struck: 0 });
  }

  clear(): void {
    this.#ordered = [];
  }

  report(): readonly FaultReport[] {
    return this.#ordered.map((entry) => ({ ...entry }));
  }

  /** The first fault in order that strikes this call, which uses up one of its times. */
  take(route: Fault["route"], subject: FaultSubject): Fault | undefined {
    for (const entry of this.#ordered) {
      const { fault } = entry;
      if (fault.route !== route) continue;
      if (fault.object !== undefined && fault.object !== subject.object) continue;
      if (fault.sourceName !== undefined && fault.sourceName !== subject.sourceName) continue;
      if (fault.times !== "always" && entry.struck >= fault.times) continue;
      entry.matched += 1;
      if (entry.matched <= fault.skip) continue;
      entry.struck += 1;
      return fault;
    }
    return undefined;
  }
}
