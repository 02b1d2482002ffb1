import { expect, test } from "vitest";
import { collect, never } from "./conformance/subject.ts";
import { joinStretches, type Stretch } from "./read-ahead.ts";

/** A stretch of chunks that writes down what is done with it. */
function stretch(name: string, chunks: readonly string[], log: string[]): Stretch {
  return {
    bytes: chunks.join("").length,
    async *open() {
      log.push(`open ${name}`);
      try {
        for (const chunk of chunks) yield Buffer.from(chunk);
      } finally {
        log.push(`close ${name}`);
      }
    },
  };
}

const textOf = async (chunks: AsyncIterable<Uint8Array>) =>
  Buffer.concat(await collect(chunks)).toString();

test("joins stretches in order, empty ones included", async () => {
  const log: string[] = [];
  const parts = [stretch("a", ["12", "34"], log), stretch("b", [], log), stretch("c", ["5"], log)];
  expect(await textOf(joinStretches(parts, { aheadBytes: 1, signal: never() }))).toBe("12345");
  const closed = log.filter((line) => line.startsWith("close"));
  expect(closed.toSorted()).toEqual(["close a", "close b", "close c"]);
});

test("opens the next stretch when the current one is nearly through, and no other", async () => {
  const log: string[] = [];
  const parts = [
    stretch("a", ["11", "22", "33"], log),
    stretch("b", ["44"], log),
    stretch("c", ["55"], log),
  ];
  const seen: string[] = [];
  for await (const chunk of joinStretches(parts, { aheadBytes: 2, signal: never() })) {
    seen.push(`${Buffer.from(chunk)} ${log.filter((line) => line.startsWith("open")).join(" ")}`);
  }
  expect(seen).toEqual([
    "11 open a",
    "22 open a open b",
    "33 open a open b",
    "44 open a open b open c",
    "55 open a open b open c",
  ]);
});

test("closes the stretch under way and the one ahead when the consumer leaves", async () => {
  const log: string[] = [];
  const parts = [stretch("a", ["1", "2"], log), stretch("b", ["3"], log)];
  for await (const _ of joinStretches(parts, { aheadBytes: 10, signal: never() })) break;
  expect(log.toSorted()).toEqual(["close a", "close b", "open a", "open b"]);
});

test("gives a stretch ahead an aborted signal when the one before it fails", async () => {
  const failure = new Error("broken");
  let ahead: AbortSignal | undefined;
  const parts: readonly Stretch[] = [
    {
      bytes: 2,
      async *open() {
        yield Buffer.from("1");
        throw failure;
      },
    },
    {
      bytes: 1,
      async *open(signal) {
        ahead = signal;
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener("abort", () => reject(signal.reason));
        yield await promise;
      },
    },
  ];
  await expect(textOf(joinStretches(parts, { aheadBytes: 10, signal: never() }))).rejects.toBe(
    failure,
  );
  expect(ahead?.aborted).toBe(true);
});

test("throws the failure of a stretch ahead only in its turn", async () => {
  const failure = new Error("broken");
  const parts: readonly Stretch[] = [
    stretch("a", ["1", "2", "3"], []),
    {
      bytes: 1,
      async *open() {
        yield await Promise.reject(failure);
      },
    },
  ];
  const seen: string[] = [];
  async function read(): Promise<void> {
    for await (const chunk of joinStretches(parts, { aheadBytes: 10, signal: never() })) {
      seen.push(Buffer.from(chunk).toString());
    }
  }
  await expect(read()).rejects.toBe(failure);
  expect(seen).toEqual(["1", "2", "3"]);
});
