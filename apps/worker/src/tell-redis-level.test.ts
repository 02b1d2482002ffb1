import type { HeadgateEvent } from "@headgate/orchestrator";
import { expect, it } from "vitest";
import { tellRedisLevel } from "./tell-redis-level.ts";

function toldOf(redis_version: string): readonly HeadgateEvent[] {
  const events: HeadgateEvent[] = [];
  tellRedisLevel({ redis_version }, (event) => events.push(event));
  return events;
}

it.each(["7.0.15", "6.2.19", "6.0.16"])("tells once of Redis %s, by its version", (version) => {
  expect(toldOf(version)).toEqual([
    { type: "redis.unpatched", message: expect.stringContaining(`Redis ${version}`) },
  ]);
});

it("says nothing of a patched Redis", () => {
  expect(toldOf("8.2.6")).toEqual([]);
});
