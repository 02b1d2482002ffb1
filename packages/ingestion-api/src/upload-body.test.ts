import { bytes } from "@headgate/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyOf } from "./test-tenant.test-support.ts";
import { type BodyProgress, exactSlices, type UploadBody } from "./upload-body.ts";

function context(signal = new AbortController().signal) {
  const progress: BodyProgress = { complete: false };
  let moves = 0;
  const onMove = () => {
    moves += 1;
  };
  return { signal, progress, onMove, moves: () => moves };
}

async function read(body: UploadBody, given = context()): Promise<Buffer[]> {
  const slices: Buffer[] = [];
  for await (const slice of exactSlices(body, given)) slices.push(Buffer.from(slice));
  return slices;
}

describe("exactSlices", () => {
  it("gives back any chunks byte for byte, in slices of at most 256 KiB", async () => {
    const lengths = fc.array(fc.nat(700_000), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(lengths, async (list) => {
        const chunks = list.map((length, i) => Buffer.alloc(length, `${i},chunk\n`));
        const whole = Buffer.concat(chunks);
        const given = context();
        const body: UploadBody = {
          bytes: bytes(whole.byteLength),
          async *open() {
            yield* chunks;
          },
        };
        const slices = await read(body, given);
        expect(Buffer.concat(slices).equals(whole)).toBe(true);
        expect(Math.max(0, ...slices.map((slice) => slice.byteLength))).toBeLessThanOrEqual(
          262_144,
        );
        expect(given.progress).toEqual({ complete: true });
      }),
      { numRuns: 25 },
    );
  });

  it("is complete from the moment its last slice is handed over, not before", async () => {
    const given = context();
    const seen: boolean[] = [];
    for await (const _ of exactSlices(bodyOf(["a", "b", "c"]), given)) {
      seen.push(given.progress.complete);
    }
    expect(seen).toEqual([false, false, true]);
  });

  it("hands over no last byte of a body that fails at its end", async () => {
    const fault = new Error("unproven");
    const given = context();
    const body: UploadBody = {
      bytes: bytes(2),
      async *open() {
        yield Buffer.from("a");
        yield Buffer.from("b");
        throw fault;
      },
    };
    const slices: string[] = [];
    const reading = async () => {
      for await (const slice of exactSlices(body, given))
        slices.push(Buffer.from(slice).toString());
    };
    await expect(reading()).rejects.toBe(fault);
    expect(slices).toEqual(["a"]);
    expect(given.progress).toEqual({ complete: false, fault: { error: fault } });
  });

  it("names the bytes seen and promised of a body of another length", async () => {
    await expect(read(bodyOf(["abc"], 4))).rejects.toMatchObject({
      code: "ERR_SOURCE_TRUNCATED",
      fields: { bytes: 3, expectedBytes: 4 },
    });
    await expect(read(bodyOf(["ab", "cd"], 3))).rejects.toMatchObject({
      code: "ERR_SOURCE_CHANGED",
      fields: { bytes: 4, expectedBytes: 3 },
    });
  });

  it("does not blame the body for failing after it was told to stop", async () => {
    const control = new AbortController();
    const given = context(control.signal);
    const body: UploadBody = {
      bytes: bytes(2),
      async *open(signal) {
        yield Buffer.from("a");
        control.abort(new Error("stop"));
        signal.throwIfAborted();
      },
    };
    await expect(read(body, given)).rejects.toThrow("stop");
    expect(given.progress.fault).toBeUndefined();
  });

  it("does not blame the body for an error thrown in by its reader, and closes it", async () => {
    let closed = false;
    const given = context();
    const body: UploadBody = {
      bytes: bytes(3),
      async *open() {
        try {
          for (const letter of "abc") yield Buffer.from(letter);
        } finally {
          closed = true;
        }
      },
    };
    const slices = exactSlices(body, given);
    await slices.next();
    await expect(slices.throw(new Error("socket"))).rejects.toThrow("socket");
    expect(given.progress.fault).toBeUndefined();
    expect(closed).toBe(true);
  });

  it("tells of every move, so that a stalled body can be told from a slow one", async () => {
    const given = context();
    await read(bodyOf(["a", "b"]), given);
    expect(given.moves()).toBeGreaterThanOrEqual(4);
  });
});
