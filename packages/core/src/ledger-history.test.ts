import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  judgeByMemory,
  judgeByTenant,
  type LedgerWitness,
  lossSentence,
  sameUser,
  type TenantCreation,
} from "./ledger-history.ts";
import { slotWindowMarginMs } from "./slot-ledger.ts";
import { epochMs, milliseconds } from "./units.ts";

const now = epochMs(10_000_000);
const windowMs = milliseconds(1_000_000);
const context = { now, windowMs };
const intact: LedgerWitness = { generation: "g1", beat: 9_000_000_000, lostBeat: 0 };
const empty: LedgerWitness = { generation: undefined, beat: 0, lostBeat: 0 };

function stray(changes: Partial<TenantCreation> = {}): TenantCreation {
  return { id: "r1", createdAt: now, known: false, maybeOurs: true, ...changes };
}

describe("what a process remembers", () => {
  const memory = { generation: "g1", beat: intact.beat };

  it("asks the tenant where it has just begun", () => {
    expect(judgeByMemory(intact, undefined)).toEqual({ kind: "ask-tenant" });
    expect(judgeByMemory(empty, undefined)).toEqual({ kind: "ask-tenant" });
  });

  it("trusts a ledger that is where it was, or further", () => {
    for (const beat of [intact.beat, intact.beat + 1])
      expect(judgeByMemory({ ...intact, beat }, memory)).toEqual({ kind: "trusted" });
  });

  it("sees one that is a single beat behind, empty, or another one", () => {
    const signs = [
      { ...intact, beat: intact.beat - 1 },
      empty,
      { ...intact, generation: "g2" },
    ].map((witness) => judgeByMemory(witness, memory));
    expect(signs).toEqual([
      { kind: "lost", sign: "rolled-back" },
      { kind: "lost", sign: "emptied" },
      { kind: "lost", sign: "replaced" },
    ]);
  });

  it("joins in where another worker has noticed the loss since, and only then", () => {
    const since = { generation: "g2", beat: intact.beat + 9, lostBeat: intact.beat + 1 };
    expect(judgeByMemory(since, memory)).toEqual({ kind: "trusted" });
    const earlier = { ...since, lostBeat: intact.beat };
    expect(judgeByMemory(earlier, memory)).toEqual({ kind: "lost", sign: "replaced" });
  });

  it("never trusts a copy that lacks something it was told, and always the ledger itself", () => {
    const beats = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(beats, fc.nat(29), (gaps, at) => {
        const acknowledged = gaps.map((_, i) => gaps.slice(0, i + 1).reduce((a, b) => a + b));
        const last = acknowledged.at(-1) ?? 0;
        const copied = acknowledged[Math.min(at, gaps.length - 1)] ?? 0;
        const verdict = judgeByMemory(
          { generation: "g", beat: copied, lostBeat: 0 },
          { generation: "g", beat: last },
        );
        expect(verdict.kind).toBe(copied === last ? "trusted" : "lost");
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
