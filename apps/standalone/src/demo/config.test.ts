import { expect, test } from "vitest";
import { readDemoConfig } from "./config.ts";

test("without arguments the demo generates 400 MB, starts its own Redis and ends at the end", () => {
  expect(readDemoConfig([], {})).toEqual({
    json: false,
    keep: false,
    help: false,
    megabytes: 400,
    redisUrl: undefined,
    childEnvironment: {},
  });
});

test("a user's own settings of headgate and AWS do not reach the demo's programs", () => {
  const { redisUrl, childEnvironment } = readDemoConfig(["--keep"], {
    PATH: "/bin",
    HEADGATE_REDIS_URL: "redis://127.0.0.1:6379",
    HEADGATE_CONSUMER_KEY: "key",
    AWS_PROFILE: "work",
  });
  expect(redisUrl).toBe("redis://127.0.0.1:6379");
  expect(childEnvironment).toEqual({ PATH: "/bin" });
});

test.each([[["--megabytes", "0"]], [["--megabytes", "4001"]], [["--fast"]], [["now"]]])(
  "%j is refused",
  (argv) => {
    expect(() => readDemoConfig(argv, {})).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
  },
);
