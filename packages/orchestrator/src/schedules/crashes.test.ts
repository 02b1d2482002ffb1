/** A worker that dies between any two calls loses nothing and doubles nothing. */
import { expect, it } from "vitest";
import type { StepContext } from "../steps/context.ts";
import { schedulesOfTest, type TestSchedules } from "./schedules.test-support.ts";

const targets = ["customers", "orders"].map((object) => ({
  sourceName: "crm",
  object,
  source: { prefix: `s3://bucket/{yyyy-MM-dd}/${object}/` },
}));

/** The worker dies before its call number `at` to Redis or a queue. */
interface Death {
  readonly at: number;
  calls: number;
}

class WorkerDeath extends Error {}

/** Nights played side by side. */
const nightsAtOnce = 8;

/** Counts the calls of a thing, those named by `isCall`, and dies in one of them. */
function mortal<T extends object>(
  thing: T,
  death: Death,
  isCall: (name: string | symbol) => boolean,
): T {
  const proxy: T = new Proxy(thing, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (isCall(name))
        return (...args: unknown[]) => dyingCall(() => Reflect.apply(member, target, args), death);
      return (...args: unknown[]) => {
        const answer: unknown = Reflect.apply(member, target, args);
        if (name === "multi" || name === "pipeline")
          return mortal(answer as object, death, (called) => called === "exec");
        return answer === target ? proxy : answer;
      };
    },
  });
  return proxy;
}

async function dyingCall(call: () => unknown, death: Death): Promise<unknown> {
  if (++death.calls >= death.at) throw new WorkerDeath();
  return await call();
}

function mortalContext({ context }: TestSchedules, death: Death): StepContext {
  const isCall = (name: string | symbol) => name !== "multi" && name !== "pipeline";
  return {
    ...context,
    ledger: { ...context.ledger, redis: mortal(context.ledger.redis, death, isCall) },
    signals: mortal(context.signals, death, () => true),
  };
}

/** Works through a night whose worker dies once; answers whether it came to that. */
async function nightWithDeath(at: number): Promise<boolean> {
  const test = schedulesOfTest();
  const death: Death = { at, calls: 0 };
  test.setNow("2026-03-09T12:00:00Z");
  await test.make("nightly", { targets, lookBackDays: 1, onNoFiles: "complete" });
  const uris = targets.flatMap(({ object }) =>
    ["a", "b"].map((name) => `s3://bucket/2026-03-10/${object}/${name}.csv`),
  );
  for (const uri of uris) test.files.set(uri, `id\n${uri}\n`);
  test.setNow("2026-03-10T02:00:00Z");
  await test.work({ context: mortalContext(test, death) }).catch((error: unknown) => {
    if (death.calls < at) throw error;
  });
  const died = death.calls >= at;
  await test.work();
  test.setNow("2026-03-11T02:00:00Z");
  await test.work();

  expect((await test.runs()).map(({ date, state, files }) => [date, state, files])).toEqual([
    ["2026-03-11", "complete", 0],
    ["2026-03-10", "complete", 4],
  ]);
  expect(await test.loaded()).toEqual(uris);
  expect((await test.loads()).map(({ object }) => object)).toEqual(["customers", "orders"]);
  expect(await test.context.ledger.redis.zcard(`${test.context.ledger.base}runs-open`)).toBe(0);
  return died;
}

it("survives a death before every call that a night takes", async () => {
  for (let first = 1; ; first += nightsAtOnce) {
    const nights = Array.from({ length: nightsAtOnce }, (_, i) => nightWithDeath(first + i));
    const died = await Promise.all(nights);
    if (!died.includes(false)) continue;
    expect(first).toBeGreaterThan(50);
    return;
  }
}, 240_000);
