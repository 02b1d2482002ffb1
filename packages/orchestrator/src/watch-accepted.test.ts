import { milliseconds } from "@headgate/core";
import { expect, it, onTestFinished, vi } from "vitest";
import type { HeadgateEvent } from "./events.ts";
import { doorOfTest, redisOfTest, type TestDoor } from "./redis-loads.test-support.ts";
import { watchAccepted } from "./watch-accepted.ts";

interface Watched {
  readonly door: TestDoor;
  readonly events: readonly HeadgateEvent[];
  /** Accepts a load and tells the watch. */
  accept(): Promise<string>;
  /** Breaks the connection, so that the watch looks once more; resolves when it has answers. */
  look(): Promise<void>;
  /** Milliseconds that have passed. */
  elapsed: number;
}

async function watched(): Promise<Watched> {
  const door = doorOfTest();
  const redis = redisOfTest();
  await redis.ping();
  const { ledger } = door.of("default");
  const events: HeadgateEvent[] = [];
  const scene: Watched = {
    door,
    events,
    elapsed: 0,
    async accept() {
      const { load } = await door.accept();
      watch.take({ type: "load.accepted", loadId: load.id, target: "", via: "http" });
      return load.id;
    },
    async look() {
      redis.disconnect(true);
      await vi.waitFor(() => expect(redis.status).toBe("ready"));
      await redis.ping();
      await redis.ping();
    },
  };
  const watch = watchAccepted({
    redis,
    ledgers: new Map([["default", { ...ledger, redis }]]),
    stopwatch: { elapsedMs: () => scene.elapsed },
    emit: (event) => events.push(event),
    everyMs: milliseconds(3_600_000),
  });
  onTestFinished(() => watch.close());
  return scene;
}

it("names a load that is gone as soon as Redis is back, once, and no other", async () => {
  const scene = await watched();
  const [gone] = [await scene.accept(), await scene.accept()];
  await scene.look();
  expect(scene.events).toEqual([]);
  await scene.door.redis.del(`${scene.door.of("default").ledger.base}load:${gone}`);
  await scene.look();
  await vi.waitFor(() => expect(scene.events).toEqual([{ type: "load.vanished", loadId: gone }]));
  await scene.look();
  expect(scene.events).toHaveLength(1);
});

it("leaves a load to the workers once they know it", async () => {
  const scene = await watched();
  const known = await scene.accept();
  scene.elapsed = 119_999;
  const young = await scene.accept();
  const { base } = scene.door.of("default").ledger;
  await scene.door.redis.del(`${base}load:${known}`, `${base}load:${young}`);
  scene.elapsed = 120_000;
  await scene.look();
  await vi.waitFor(() => expect(scene.events).toEqual([{ type: "load.vanished", loadId: young }]));
});
