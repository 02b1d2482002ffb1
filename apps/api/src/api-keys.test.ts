import { createHash } from "node:crypto";
import { BulkError } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { apiKey, findApiKey, parseApiKeys } from "./api-keys.ts";

const hash = (text: string) => createHash("sha256").update(text).digest("hex");

describe("parseApiKeys", () => {
  it("reads names and hashes and skips comments and blank lines", () => {
    const keys = parseApiKeys(
      `# producers\n\nairflow sha256:${hash("one")}\r\nops\tsha256:${hash("two")}\n`,
    );
    expect(keys).toEqual([apiKey("airflow", "one"), apiKey("ops", "two")]);
  });

  it("takes two keys of one name, so that a key can be rotated", () => {
    const keys = parseApiKeys(`ops sha256:${hash("old")}\nops sha256:${hash("new")}`);
    expect(findApiKey(keys, "old")?.name).toBe("ops");
    expect(findApiKey(keys, "new")?.name).toBe("ops");
  });

  it.each([
    ["a plain key", "airflow headgate_secret"],
    ["a short hash", "airflow sha256:abc"],
    ["a name with a colon", `a:b sha256:${hash("one")}`],
  ])("refuses %s by its line and does not repeat it", (_what, line) => {
    let thrown: unknown;
    try {
      parseApiKeys(`# keys\n${line}`);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(BulkError);
    expect(thrown).toMatchObject({ code: "ERR_CONFIG", fields: { lines: "2" } });
    expect((thrown as BulkError).message).not.toContain("headgate_secret");
  });

  it("refuses a file without a key", () => {
    expect(() => parseApiKeys("# nothing\n")).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG" }),
    );
  });
});

describe("findApiKey", () => {
  it("finds nothing for a text that is no key", () => {
    expect(findApiKey([apiKey("ops", "right")], "wrong")).toBeUndefined();
    expect(findApiKey([], "right")).toBeUndefined();
  });
});
