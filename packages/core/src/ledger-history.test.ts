import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beatsKeptMicros,
  judgeByMemory,
  judgeByTenant,
  keptBeats,
  type LedgerWitness,
  lossSentence,
  sameUser,
  type TenantCreation,
  type WitnessMemory,
} from "./ledger-history.ts";
import { slotWindowMarginMs } from "./slot-ledger.ts";
import { epochMs, milliseconds } from "./units.ts";

const now = epochMs(10_000_000);
const windowMs = milliseconds(1_000_000);
const context = { now, windowMs };
const beats = new Map([
  ["one", 8_999_999_990],
  ["two", 9_000_000_000],
]);
const intact: LedgerWitness = { generation: "g1", beat: 9_000_000_000, lostBeat: 0, beats };
const empty: LedgerWitness = { generation: undefined, beat: 0, lostBeat: 0, beats: new Map() };

function judge(
  witness: LedgerWitness,
  memory: WitnessMemory | undefined,
  hasLostTouch = false,
): ReturnType<typeof judgeByMemory> {
  return judgeByMemory(witness, memory, { windowMs, hasLostTouch });
}

function stray(changes: Partial<TenantCreation> = {}): TenantCreation {
  return { id: "r1", createdAt: now, known: false, maybeOurs: true, ...changes };
}

describe("what a process remembers", () => {
  const memory = { generation: "g1", beat: intact.beat, beats };

  it("asks the tenant where it has just begun", () => {
    expect(judge(intact, undefined)).toEqual({ kind: "ask-tenant" });
    expect(judge(empty, undefined)).toEqual({ kind: "ask-tenant" });
  });

  it("trusts a ledger that is where it was, or further", () => {
    for (const beat of [intact.beat, intact.beat + 1])
      expect(judge({ ...intact, beat }, memory)).toEqual({ kind: "trusted" });
  });

  it("sees one that is a single beat behind, empty, or another one", () => {
    const signs = [
      { ...intact, beat: intact.beat - 1 },
      empty,
      { ...intact, generation: "g2" },
    ].map((witness) => judge(witness, memory));
    expect(signs).toEqual([
      { kind: "lost", sign: "rolled-back" },
      { kind: "lost", sign: "emptied" },
      { kind: "lost", sign: "replaced" },
    ]);
  });

  it("joins in where another worker has noticed the loss since, and only then", () => {
    const since = { ...intact, generation: "g2", beat: intact.beat + 9, lostBeat: intact.beat + 1 };
    expect(judge(since, memory)).toEqual({ kind: "trusted" });
    const earlier = { ...since, lostBeat: intact.beat };
    expect(judge(earlier, memory)).toEqual({ kind: "lost", sign: "replaced" });
  });

  it("asks the tenant too where it has lost touch since, unless it sees a loss itself", () => {
    expect(judge(intact, memory, true)).toEqual({ kind: "ask-tenant" });
    const since = { ...intact, generation: "g2", lostBeat: intact.beat + 1 };
    expect(judge(since, memory, true)).toEqual({ kind: "ask-tenant" });
    expect(judge({ ...intact, beat: intact.beat - 1 }, memory, true).kind).toBe("lost");
    expect(judge({ ...since, lostBeat: 0 }, memory, true).kind).toBe("lost");
    expect(judge(empty, memory, true).kind).toBe("lost");
  });

  it("sees that a beat of any process is gone, whatever the others have written since", () => {
    const later = { ...intact, beat: intact.beat + 1000 };
    const others: Record<string, number>[] = [
      { one: 8_999_999_989, two: later.beat },
      { one: later.beat, two: 8_999_999_999 },
      { one: later.beat },
    ];
    for (const fields of others)
      expect(judge({ ...later, beats: new Map(Object.entries(fields)) }, memory)).toEqual({
        kind: "lost",
        sign: "rolled-back",
      });
    const whole = new Map([...beats, ["three", later.beat]]);
    expect(judge({ ...later, beats: whole }, memory)).toEqual({ kind: "trusted" });
  });

  it("misses no beat of a process that was silent for longer than a window and its margin", () => {
    const kept = beatsKeptMicros(windowMs);
    expect(kept).toBe((windowMs + slotWindowMarginMs) * 1000);
    const silent = {
      generation: "g1",
      beat: intact.beat,
      beats: new Map([["one", 8_000_000_000]]),
    };
    const at = (beat: number) => judge({ ...intact, beat, beats: new Map() }, silent);
    const edge = 8_000_000_000 + kept;
    expect(at(edge).kind).toBe("lost");
    expect(at(edge + 1).kind).toBe("trusted");
    expect(keptBeats(silent.beats, edge, windowMs)).toEqual(silent.beats);
    expect(keptBeats(silent.beats, edge + 1, windowMs)).toEqual(new Map());
  });

  it("never trusts a copy that lacks something a process was told, and always the ledger itself", () => {
    const writers = ["one", "two", "three"] as const;
    const writes = fc.array(fc.constantFrom(...writers), { minLength: 1, maxLength: 30 });
    const beatsOf = (history: readonly string[]) => new Map(history.map((by, i) => [by, i + 1]));
    fc.assert(
      fc.property(writes, fc.nat(30), writes, (history, at, since) => {
        const copied = history.slice(0, at);
        const goneWriters = new Set(history.slice(at));
        // One that has lost a beat of its own moves it no further.
        const after = since.filter((by) => !goneWriters.has(by));
        const now = [...copied, ...history.slice(at).map(() => ""), ...after];
        const witness = {
          ...{ generation: "g", beat: now.length, lostBeat: 0 },
          beats: new Map([...beatsOf(now)].filter(([by]) => by !== "")),
        };
        for (const process of writers) {
          const own = beatsOf(history).get(process);
          const memory = {
            ...{ generation: "g", beat: own ?? 0 },
            beats: own === undefined ? new Map<string, number>() : new Map([[process, own]]),
          };
          expect(judge(witness, memory).kind).toBe(goneWriters.has(process) ? "lost" : "trusted");
        }
      }),
    );
  });
});

describe("what the tenant lists", () => {
  it("lets an empty ledger begin where nothing of the window can have been ours", () => {
    const before = now - windowMs - slotWindowMarginMs;
    const harmless = [
      stray({ createdAt: before }),
      stray({ maybeOurs: false }),
      stray({ known: true }),
    ];
    expect(judgeByTenant(empty, [], context)).toEqual({ kind: "new" });
    expect(judgeByTenant(empty, harmless, context)).toEqual({ kind: "new" });
  });

  it("takes an empty ledger for lost where something may have been ours, or has no date", () => {
    const before = now - windowMs - slotWindowMarginMs;
    for (const createdAt of [now, before + 1, undefined])
      expect(judgeByTenant(empty, [stray({ createdAt })], context)).toEqual({
        kind: "lost",
        sign: "emptied",
      });
    const both = [stray({ createdAt: before }), stray()];
    expect(judgeByTenant(empty, both, context)).toEqual({ kind: "lost", sign: "emptied" });
  });

  it("takes a ledger for an older copy by a bulk job of ours from after its beat", () => {
    const edge = intact.beat / 1000 + slotWindowMarginMs;
    expect(judgeByTenant(intact, [stray({ createdAt: edge + 1 })], context)).toEqual({
      kind: "lost",
      sign: "unknown-bulk-jobs",
    });
    const both = [stray({ createdAt: edge }), stray({ createdAt: edge + 1 })];
    expect(judgeByTenant(intact, both, context).kind).toBe("lost");
    const harmless = [
      stray({ createdAt: edge }),
      stray({ createdAt: undefined }),
      stray({ known: true }),
      stray({ maybeOurs: false }),
    ];
    expect(judgeByTenant(intact, harmless, context)).toEqual({ kind: "trusted" });
  });
});

it("takes two ids for one user's by their first 15 characters, and an unknown one for anyone's", () => {
  const [short, long] = ["005xx0000012345", "005xx0000012345AAA"];
  const same = [
    sameUser(short, long),
    sameUser(long, short),
    sameUser(long, long),
    sameUser("us", "us"),
  ];
  expect(same).toEqual([true, true, true, true]);
  expect([sameUser(undefined, long), sameUser(short, undefined)]).toEqual([true, true]);
  expect([sameUser("us", "them"), sameUser(short, "005xx0000012346")]).toEqual([false, false]);
});

it("says in words what was noticed", () => {
  const signs = ["emptied", "replaced", "rolled-back", "unknown-bulk-jobs"] as const;
  expect(signs.map(lossSentence)).toEqual([
    "the ledger is empty",
    "another ledger stands in its place",
    "the ledger is an older copy of itself",
    "the tenant has bulk jobs of ours that the ledger does not know",
  ]);
});
