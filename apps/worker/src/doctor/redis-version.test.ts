import { describe, expect, it } from "vitest";
import { versionCheck } from "./redis-version.ts";

const statusOf = (redis_version: string, valkey_version?: string) =>
  versionCheck({ redis_version, valkey_version }).status;

describe("a Redis", () => {
  it.each(["6.2.20", "6.2.21", "7.4.9", "8.2.6", "8.2.10", "8.6.3", "8.8.0", "9.0.0", "10.0.0"])(
    "%s is patched",
    (version) => expect(statusOf(version)).toBe("ok"),
  );
  it.each(["6.2.0", "6.2.19", "7.0.15", "7.2.4", "7.4.8", "8.0.9", "8.2.5", "8.6.2"])(
    "%s may have known holes",
    (version) => expect(statusOf(version)).toBe("warn"),
  );
  it.each(["6.0.16", "5.0.7", "2.8", "unknown", ""])("%j is too old or unknown", (version) =>
    expect(statusOf(version)).toBe("fail"),
  );
});

describe("a Valkey", () => {
  it.each(["8.0.8", "8.1.7", "9.0.4", "9.1.0"])("%s is patched", (version) =>
    expect(statusOf("7.2.4", version)).toBe("ok"),
  );
  it.each(["7.2.10", "8.0.7", "8.1.6", "9.0.3"])("%s may have known holes", (version) =>
    expect(statusOf("7.2.4", version)).toBe("warn"),
  );
});
