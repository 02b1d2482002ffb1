import { once } from "node:events";
import { connect } from "node:net";
import { Redis } from "ioredis";
import { expect, inject, onTestFinished, test } from "vitest";

test("the test run provides a Redis that answers", async () => {
  const client = new Redis(inject("redisUrl"));
  onTestFinished(() => client.disconnect());
  expect(await client.ping()).toBe("PONG");
});

test.each([
  ["by address", () => connect(80, "192.0.2.1")],
  ["by name", () => connect({ port: 443, host: "example.test" })],
])("a connection beyond loopback is refused %s", async (_, open) => {
  await expect(once(open(), "connect")).rejects.toThrow("tests must not leave this machine");
});

test("fetch cannot leave the machine either", async () => {
  await expect(fetch("https://example.test/")).rejects.toMatchObject({
    cause: { message: expect.stringContaining("tests must not leave this machine") },
  });
});
