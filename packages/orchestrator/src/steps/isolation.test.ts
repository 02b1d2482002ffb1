import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createIsolation, type Isolation, type Place } from "./isolation.ts";

interface Visitor {
  readonly alone: boolean;
  readonly givesUp: AbortController;
  state: "waits" | "works" | "left" | "gone";
  place: Place | undefined;
}

async function settled(): Promise<void> {
  await new Promise(setImmediate);
}

/** Comes to work; how that goes is known once `settled`. */
function come(isolation: Isolation, alone: boolean): Visitor {
  const givesUp = new AbortController();
  const visitor: Visitor = { alone, givesUp, state: "waits", place: undefined };
  void isolation.enter({ alone, giveUp: () => [givesUp.signal] }).then((place) => {
    visitor.place = place;
    visitor.state = place === undefined ? "gone" : "works";
  });
  return visitor;
}

function leave(visitor: Visitor): void {
  visitor.place?.leave();
  visitor.state = "left";
}

/** Comes one after another: `b` beside others, `a` alone. */
function visitors(isolation: Isolation, kinds: string): readonly Visitor[] {
  return [...kinds].map((kind) => come(isolation, kind === "a"));
}

async function states(all: readonly Visitor[]): Promise<string> {
  await settled();
  return all.map(({ state }) => state).join(" ");
}

describe("work in a process", () => {
  it("goes on side by side", async () => {
    expect(await states(visitors(createIsolation(), "bbb"))).toBe("works works works");
  });

  it("is alone at once where there is no other", async () => {
    expect(await states(visitors(createIsolation(), "a"))).toBe("works");
  });

  it("is alone once all others have ended, and those who came later begin after it", async () => {
    const all = visitors(createIsolation(), "bbabb");
    expect(await states(all)).toBe("works works waits waits waits");
    for (const other of all.slice(0, 1)) leave(other);
    expect(await states(all)).toBe("left works waits waits waits");
    for (const other of all.slice(1, 2)) leave(other);
    expect(await states(all)).toBe("left left works waits waits");
    for (const suspect of all.slice(2, 3)) leave(suspect);
    expect(await states(all)).toBe("left left left works works");
  });

  it("is alone one after the other, in the order of coming", async () => {
    const all = visitors(createIsolation(), "aab");
    expect(await states(all)).toBe("works waits waits");
    for (const first of all.slice(0, 1)) leave(first);
    expect(await states(all)).toBe("left works waits");
    for (const second of all.slice(1, 2)) leave(second);
    expect(await states(all)).toBe("left left works");
  });

  it("that is no longer waited for keeps nobody out", async () => {
    const all = visitors(createIsolation(), "bab");
    all[1]?.givesUp.abort();
    expect(await states(all)).toBe("works gone works");
  });

  it("is not waited for by who has given up before", async () => {
    const isolation = createIsolation();
    const [other] = visitors(isolation, "b");
    await settled();
    const giveUp = () => [new AbortController().signal, AbortSignal.abort()];
    expect(await isolation.enter({ alone: true, giveUp })).toBeUndefined();
    expect(
      await states([...visitors(isolation, "b"), ...(other === undefined ? [] : [other])]),
    ).toBe("works works");
  });

  it("ends once, however often it says so", async () => {
    const all = visitors(createIsolation(), "bba");
    await settled();
    all[0]?.place?.leave();
    all[0]?.place?.leave();
    expect(await states(all)).toBe("works works waits");
  });
});

it("whatever comes, goes and gives up: a suspect is alone, the order is kept, and nobody is forgotten", async () => {
  const move = fc.record({
    kind: fc.constantFrom("beside", "beside", "alone", "leave", "give up"),
    who: fc.nat(20),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 40 }), async (moves) => {
      const isolation = createIsolation();
      const all: Visitor[] = [];
      const those = (state: Visitor["state"]) => all.filter((one) => one.state === state);
      for (const { kind, who } of moves) {
        if (kind === "beside" || kind === "alone") all.push(come(isolation, kind === "alone"));
        const among = those(kind === "leave" ? "works" : "waits");
        const chosen = among[who % Math.max(among.length, 1)];
        if (kind === "leave" && chosen !== undefined) leave(chosen);
        if (kind === "give up") chosen?.givesUp.abort();
        await settled();
        const [working, waiting] = [those("works"), those("waits")];
        if (working.some(({ alone }) => alone)) expect(working).toHaveLength(1);
        // Who came first waits for a reason, and nobody who came later has gone before.
        const [first] = waiting;
        if (first === undefined) continue;
        expect(first.alone ? working.length > 0 : working.some(({ alone }) => alone)).toBe(true);
        expect(all.slice(all.indexOf(first)).filter(({ state }) => state === "works")).toEqual([]);
      }
      for (let left = those("works"); left.length > 0; left = those("works")) {
        for (const one of left) leave(one);
        await settled();
      }
      expect(those("waits")).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
