import { randomBytes } from "node:crypto";
import { defaultSlotLimits } from "@headgate/core";
import { Redis } from "ioredis";
import { expect, inject, it, onTestFinished } from "vitest";
import { quotaCheck } from "./quota-check.ts";

it("warns of a Redis that lost data, and names whom it concerns", async () => {
  const redis = new Redis(inject("redisUrl"));
  const base = `test-${randomBytes(6).toString("hex")}:{default}:`;
  onTestFinished(async () => {
    await redis.del(`${base}witness`);
    redis.disconnect();
  });
  const ledger = { redis, connection: "default", base, limits: defaultSlotLimits };
  expect(await quotaCheck(ledger)).toMatchObject({ status: "ok" });

  const loss = { sign: "emptied", unknownBulkJobs: ["r1"], missingLoads: ["default.7"] };
  const at = Date.now();
  const frozenUntil = at + 3_600_000;
  const fields = { generation: "g", lostAt: at, frozenUntil, loss: JSON.stringify(loss) };
  await redis.hset(`${base}witness`, fields);
  const check = await quotaCheck(ledger);
  expect(check).toMatchObject({
    status: "warn",
    advice: expect.stringContaining("same idempotency keys"),
  });
  expect(check.detail).toContain(
    `nothing is created before ${new Date(frozenUntil).toISOString()}`,
  );
  expect(check.detail).toContain("load default.7 is gone");
  expect(check.detail).toContain("bulk job r1 of the tenant was not in Redis");
});
