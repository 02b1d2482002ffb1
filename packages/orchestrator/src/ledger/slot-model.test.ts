/** The Redis scripts against core's model: the same question on the same history gives the same answer. */
import {
  decideHistory,
  decideSlot,
  decideWindow,
  defaultSlotLimits,
  type EpochMs,
  epochMs,
  limitsLeaving,
  milliseconds,
  type ObjectKey,
  type Slot,
  type SlotDecision,
  type SlotHistory,
  type SlotLimits,
} from "@headgate/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { beginCreate } from "./begin-create.ts";
import { advanceBulkJob, readBulkJob } from "./bulk-job-record.ts";
import { commitClaim, readLine } from "./claim.ts";
import { endBulkJob } from "./end-bulk-job.ts";
import { closeGate, holdObject } from "./gate.ts";
import { declareLoss, readWitness } from "./history.ts";
import { addLoad, openTestLedger, type TestLedger } from "./ledger.test-support.ts";
import type { Ledger } from "./ledger.ts";
import { recordObservation } from "./observation.ts";

const objects = ["a", "b", "c", "d", "e", "f"] as const;
type ObjectName = (typeof objects)[number];

/** Core's picture of the same history. */
interface Model {
  now: number;
  slots: Slot[];
  permits: Set<string>;
  /** Bulk jobs whose create call was sent. */
  creating: Set<string>;
  live: Map<ObjectKey, string>;
  foreign: Map<string, ObjectKey>;
  held: Map<ObjectKey, EpochMs>;
  gateUntil: number;
  history: SlotHistory;
  jobs: number;
}

interface Real {
  readonly test: TestLedger;
  readonly ledger: Ledger;
}

const keyOf = (name: ObjectName): ObjectKey => `crm/${name}`;

function modelDecision(model: Model, limits: SlotLimits, object: ObjectKey): SlotDecision {
  return decideSlot(
    {
      history: model.history,
      slots: model.slots,
      permits: model.permits,
      foreignPermits: new Set(model.foreign.keys()),
      busyObjects: new Set([...model.live.keys(), ...model.foreign.values()]),
      heldObjects: model.held,
      gateUntil: epochMs(model.gateUntil),
    },
    limits,
    { object, now: epochMs(model.now) },
  );
}

type Command = (model: Model, real: Real) => Promise<void>;

const pass =
  (span: number): Command =>
  async (model, { test }) => {
    model.now += span;
    test.setNow(model.now);
  };

const claim =
  (name: ObjectName, leaveSlots = 0): Command =>
  async (model, { ledger }) => {
    const object = keyOf(name);
    const id = `job${model.jobs++}`;
    const loadId = await addLoad(ledger, { id: `l${id}`, object: name, parts: 1 });
    const line = await readLine(ledger, object, 1);
    const [head] = line.loads;
    if (head === undefined) throw new Error("the line must have a head");
    const answer = await commitClaim(ledger, {
      id,
      version: line.version,
      claim: { object, operation: "upsert", picks: [{ loadId: head.id, parts: [0] }], leaveSlots },
      parts: [{ load: head.id, part: 0, bytes: 10, records: 1 }],
    });
    const expected = modelDecision(model, limitsLeaving(ledger.limits, leaveSlots), object);
    expect(loadId).toContain(id);
    if (expected.kind === "wait") return expect(answer).toEqual(expected);
    expect(answer).toEqual({ kind: "granted" });
    model.slots.push({ id: `o:${id}:1`, at: epochMs(model.now), foreign: false });
    model.permits.add(id);
    model.live.set(object, id);
  };

/** Sends the create call of the n-th live bulk job; `repeat` takes a further slot as after an unknown one. */
const create =
  (nth: number): Command =>
  async (model, { ledger }) => {
    const id = [...model.permits][nth % Math.max(model.permits.size, 1)];
    const record = id === undefined ? undefined : await readBulkJob(ledger, id);
    if (record === undefined || id === undefined) return;
    const slot = `o:${id}:${record.createAttempts + 1}`;
    const others = model.slots.filter((entry) => entry.id !== slot);
    const unknown = decideHistory(model.history, epochMs(model.now));
    const window = decideWindow(others, ledger.limits, epochMs(model.now));
    const gate = { kind: "wait", reason: "gate", until: epochMs(model.gateUntil) } as const;
    const isOthers = [...model.foreign.values()].some((object) => object === record.objectKey);
    const isBusy = ledger.limits.oneBulkJobPerObject && isOthers && window.kind === "grant";
    const free: SlotDecision = isBusy ? { kind: "wait", reason: "object-busy" } : window;
    const afterGate: SlotDecision = model.gateUntil > model.now ? gate : free;
    const expected: SlotDecision = unknown.kind === "wait" ? unknown : afterGate;
    const answer = await beginCreate(ledger, record);
    if (expected.kind === "wait") return expect(answer).toEqual(expected);
    expect(answer.kind).toBe("granted");
    model.slots = [...others, { id: slot, at: epochMs(model.now), foreign: false }];
    model.creating.add(id);
    if (answer.kind === "granted")
      await advanceBulkJob(ledger, answer.record, { createOutcome: "refused" });
  };

const finish =
  (nth: number): Command =>
  async (model, { ledger }) => {
    const id = [...model.permits][nth % Math.max(model.permits.size, 1)];
    const record = id === undefined ? undefined : await readBulkJob(ledger, id);
    if (record === undefined || id === undefined) return;
    await endBulkJob(ledger, record, {
      end: "complete",
      code: "",
      message: "",
      culprits: [],
      chargeRestart: false,
    });
    model.permits.delete(id);
    for (const [object, live] of model.live) if (live === id) model.live.delete(object);
  };

const throttled =
  (retryAfter: number): Command =>
  async (model, { ledger }) => {
    const until = await closeGate(ledger, { retryAfterMs: milliseconds(retryAfter), random: 0 });
    model.gateUntil = Math.max(model.gateUntil, model.now + retryAfter);
    expect(until).toBe(model.gateUntil);
  };

const hold =
  (name: ObjectName, span: number): Command =>
  async (model, { ledger }) => {
    model.held.set(keyOf(name), epochMs(model.now + span));
    await holdObject(ledger, keyOf(name), epochMs(model.now + span));
  };

/** Another ledger is found in place of this one. */
const lose: Command = async (model, { ledger }) => {
  const { generation } = await readWitness(ledger);
  const report = { sign: "replaced", unknownBulkJobs: [], missingLoads: [] } as const;
  const next = `g${model.now}-${generation}`;
  const frozenUntil = epochMs(model.now + ledger.limits.windowMs);
  model.history = { frozenUntil, listed: false };
  expect(await declareLoss(ledger, { seenGeneration: generation, generation: next, report })).toBe(
    frozenUntil,
  );
};

const observe =
  (names: readonly ObjectName[]): Command =>
  async (model, { ledger }) => {
    const listed = names.map((name, i) => ({
      id: `foreign-${name}-${i}`,
      sourceName: "crm",
      object: name,
      operation: "upsert",
      state: "Open" as const,
      createdAt: model.now,
    }));
    await recordObservation(ledger, listed);
    model.history = { ...model.history, listed: true };
    const seen = listed.filter(({ object }) => !isBeingCreated(model, object));
    model.foreign = new Map(seen.map(({ id, object }) => [id, `crm/${object}` as const]));
    const others = model.slots.filter((slot) => !model.foreign.has(slot.id));
    model.slots = [
      ...others,
      ...seen.map(({ id }) => ({ id, at: epochMs(model.now), foreign: true })),
    ];
  };

/** A listed bulk job of an object that we are just creating is taken for ours. */
function isBeingCreated(model: Model, object: string): boolean {
  const id = model.live.get(`crm/${object}`);
  return id !== undefined && model.creating.has(id);
}

/** Whole tenths of a second, so that instants often meet exactly. */
const span = (min: number, max: number) => fc.integer({ min, max }).map((tenths) => tenths * 100);
const anyObject = fc.constantFrom(...objects);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: span(0, 6).map(pass) },
  { weight: 4, arbitrary: anyObject.map((name) => claim(name)) },
  { weight: 2, arbitrary: fc.tuple(anyObject, fc.nat(9)).map((args) => claim(...args)) },
  { weight: 2, arbitrary: fc.nat(9).map(create) },
  { weight: 4, arbitrary: fc.nat(9).map(finish) },
  { weight: 1, arbitrary: span(1, 9).map(throttled) },
  {
    weight: 4,
    arbitrary: fc.tuple(anyObject, span(1, 9)).map(([o, s]) => hold(o, s)),
  },
);

const someLimits = fc.record({
  slots: fc.integer({ min: 1, max: 8 }),
  permits: fc.integer({ min: 1, max: 5 }),
  reserveSlots: fc.integer({ min: 0, max: 2 }),
  reservePermits: fc.integer({ min: 0, max: 2 }),
  oneBulkJobPerObject: fc.boolean(),
});

async function run(limits: Partial<SlotLimits>, commands: readonly Command[]): Promise<void> {
  const test = openTestLedger({ ...defaultSlotLimits, windowMs: milliseconds(2000), ...limits });
  const model: Model = {
    now: 1_000_000,
    slots: [],
    permits: new Set(),
    creating: new Set(),
    live: new Map(),
    foreign: new Map(),
    held: new Map(),
    gateUntil: 0,
    history: { frozenUntil: epochMs(0), listed: true },
    jobs: 0,
  };
  test.setNow(model.now);
  try {
    for (const step of commands) await step(model, { test, ledger: test.ledger });
  } finally {
    await test.close();
  }
}

it("grants and waits exactly as core's model does", async () => {
  await fc.assert(fc.asyncProperty(someLimits, fc.array(command, { maxLength: 40 }), run), {
    numRuns: 200,
  });
}, 120_000);

it("counts other tools' bulk jobs exactly as core's model does", async () => {
  const withForeign = fc.oneof(
    { weight: 8, arbitrary: command },
    { weight: 2, arbitrary: fc.uniqueArray(anyObject, { maxLength: 4 }).map(observe) },
  );
  const commands = fc.array(withForeign, { maxLength: 30 });
  await fc.assert(fc.asyncProperty(someLimits, commands, run), { numRuns: 200 });
}, 120_000);

it("creates nothing after a loss exactly as core's model says", async () => {
  const withLosses = fc.oneof(
    { weight: 8, arbitrary: command },
    { weight: 3, arbitrary: span(5, 20).map(pass) },
    { weight: 2, arbitrary: fc.uniqueArray(anyObject, { maxLength: 2 }).map(observe) },
    { weight: 1, arbitrary: fc.constant(lose) },
  );
  const commands = fc.array(withLosses, { maxLength: 30 });
  await fc.assert(fc.asyncProperty(someLimits, commands, run), { numRuns: 200 });
}, 120_000);

it("creates again from the very instant at which a loss is a window ago, once it was listed", async () => {
  await run({}, [lose, observe([]), pass(1999), claim("a"), pass(1), claim("a")]);
  await run({}, [lose, pass(2000), claim("a"), observe([]), claim("a")]);
});

it("counts a slot to the last millisecond of its window, and forgets it then", async () => {
  const again = claim("b");
  const oneIsKept: Command = async (_, { ledger: { redis, base } }) =>
    expect(await redis.zcard(`${base}slots`)).toBe(1);
  await run({ slots: 1 }, [claim("a"), finish(0), pass(1999), again, pass(1), again, oneIsKept]);
});

it("claims a held object from its very instant on", async () => {
  await run({}, [hold("a", 300), pass(299), claim("a"), pass(1), claim("a")]);
});
