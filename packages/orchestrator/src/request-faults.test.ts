import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseLoadRequest } from "./load-request.ts";
import { parseRequest } from "./request-faults.ts";

const request = { sourceName: "crm", object: "orders", operation: "upsert" };
const uri = "s3://bucket/a.csv";

describe("a request that is not valid", () => {
  it.each<[unknown, string]>([
    [undefined, "(all of it): must be an object (seen: nothing)"],
    [[], "(all of it): must be an object (seen: a list of 0)"],
    [
      { ...request, source: { uri }, leaveSlots: 1000 },
      "leaveSlots: must be at most 999 (seen: 1000)",
    ],
    [
      { ...request, source: { uri }, leaveSlots: 1.5 },
      "leaveSlots: must be a whole number (seen: 1.5)",
    ],
    [{ ...request, source: { uri }, leaveSlots: "1" }, 'leaveSlots: must be a number (seen: "1")'],
    [
      { ...request, source: { uri }, connection: null },
      "connection: must be a string (seen: null)",
    ],
    [
      { ...request, source: { uri }, preflight: { values: 1 } },
      "preflight.values: must be true or false (seen: 1)",
    ],
  ])("%j is told: %s", (input, fault) => {
    expect(() => parseLoadRequest(input)).toThrow(
      expect.objectContaining({
        code: "ERR_REQUEST_INVALID",
        message: `the load request is not valid: ${fault}`,
      }),
    );
  });

  it.each<[unknown, string]>([
    [
      { keys: Array(1001).fill(uri) },
      "source.keys: must have at most 1000 entries (seen: a list of 1001)",
    ],
    [{ keys: [] }, "source.keys: must have at least 1 entries (seen: a list of 0)"],
    [{ keys: [uri, 5] }, "source.keys.1: must be a string (seen: 5)"],
    [{ uri: null }, "source.uri: must be a string (seen: null)"],
    [{ prefix: uri, suffix: "" }, 'source.suffix: must have at least 1 characters (seen: "")'],
    [{ uri, glob: uri }, "source: must be one of {"],
    [{}, "source: must be one of {"],
    [uri, "source: must be one of {"],
  ])("a source of %j is told by the way that was chosen", (source, fault) => {
    expect(() => parseLoadRequest({ ...request, source })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`the load request is not valid: ${fault}`),
        fields: { field: fault.split(":")[0], faults: 1 },
      }),
    );
  });

  it("tells a long value by its beginning, and no login in it", () => {
    const name = `//user:secret@host/${"x".repeat(2000)}`;
    const parse = () => parseRequest(z.object({ name: z.string().max(10) }), { name }, "it is");
    expect(parse).toThrow(
      /name: must have at most 10 characters \(seen: "\/\/\*{3}@host\/x+…" of 2019/,
    );
    expect(parse).not.toThrow(/secret/);
  });

  it("is told in few words, however much is wrong with it", () => {
    const unknown = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [`${i}${"x".repeat(1000)}`, 1]),
    );
    const parse = () => parseLoadRequest({ ...request, source: { uri }, ...unknown });
    expect(parse).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^.{1000,3000}; and 9980 more$/),
        fields: { field: expect.stringMatching(/^0x+…$/), faults: 10_000 },
      }),
    );
  });

  it("is looked at by its own properties only", () => {
    const parse = () => parseRequest(z.object({ toString: z.string() }), {}, "it is");
    expect(parse).toThrow("toString: must be a string (seen: nothing)");
  });
});
