import { expect, it } from "vitest";
import { createMachine } from "./machine.ts";
import { withoutRealTime } from "./real-time.ts";
import { createVirtualTime, type VirtualTime } from "./virtual-time.ts";

const nothing = () => undefined;

function timeOfTest() {
  const told: string[] = [];
  const time = createVirtualTime(1000, nothing);
  const say = (name: string) => () => void told.push(`${time.now()} ${name}`);
  const run = (until: number) => time.run({ until, settled: nothing, isOver: () => false });
  return { time, told, say, run };
}

it("does events in the order of their instants, those of one instant as they were made", async () => {
  const { time, told, say, run } = timeOfTest();
  for (const [span, name] of [
    [50, "c"],
    [10, "a"],
    [10, "b"],
    [90, "later"],
  ] as const)
    time.in(span, name, say(name));
  await run(1080);
  expect(told).toEqual(["1010 a", "1010 b", "1050 c"]);
});

it("does all that an event sets off before the next, however long the chain of promises", async () => {
  const { time, told, say, run } = timeOfTest();
  const chain = async (): Promise<void> => {
    for (let i = 0; i < 1000; i++) await Promise.resolve();
    await new Promise<void>((resolve) => process.nextTick(resolve));
    say("end of the chain")();
  };
  time.in(1, "a", () => void chain());
  time.in(1, "b", say("b"));
  await run(2000);
  expect(told).toEqual(["1001 end of the chain", "1001 b"]);
});

it("holds the events of a stopped process back, and drops those of a dead one", async () => {
  const { time, told, say, run } = timeOfTest();
  const machine = createMachine({ name: "m", skewMs: 0, now: time.now });
  time.in(5, "stopped", say("stopped"), machine);
  time.in(30, "dead", say("dead"), machine);
  machine.stopUntil(1020);
  time.in(25, "kill", () => machine.kill());
  await run(2000);
  expect(told).toEqual(["1020 stopped"]);
});

it("gives the wall clock of the process whose event it is", async () => {
  const { time, told, run } = timeOfTest();
  const machine = createMachine({ name: "m", skewMs: 500, now: time.now });
  const tell = () => void told.push(String(time.wallNow()));
  time.in(1, "own", tell, machine);
  time.in(2, "nobody's", tell);
  await run(2000);
  expect(told).toEqual(["1501", "1002"]);
});

it("keeps real time and chance out of a run, and gives them back after it", async () => {
  const before = Date.now;
  const time: Pick<VirtualTime, "wallNow"> = { wallNow: () => 42 };
  await withoutRealTime(time.wallNow, async () => {
    expect(Date.now()).toBe(42);
    expect(() => Math.random()).toThrow("cannot be repeated");
    expect(() => setTimeout(nothing, 1)).toThrow("cannot be repeated");
  });
  expect(Date.now).toBe(before);
  expect(Math.random()).toBeLessThan(1);
});
