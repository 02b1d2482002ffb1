import type { Producer } from "@headgate/orchestrator/producer";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  clientOf,
  createTestApi,
  loadBody,
  type TestApi,
  testKey,
  testPrincipal,
} from "../api.test-support.ts";
import { openTestDoors } from "../doors.test-support.ts";

let doors: Producer;
let api: TestApi;
beforeAll(async () => {
  doors = await openTestDoors();
});
afterAll(() => doors.close());
afterEach(() => api.app.close());

const lineOf = (file: string) => ({ ...loadBody, source: { uri: `s3://bucket/${file}.csv` } });
const bodyOf = (...lines: readonly unknown[]) =>
  lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");

async function send(
  body: string,
  key: string | undefined = crypto.randomUUID(),
  type = "application/x-ndjson",
) {
  return await api.call({
    ...{ method: "POST", url: "/v1/loads/batch", payload: body },
    headers: { "content-type": type, ...(key === "" ? {} : { "idempotency-key": key }) },
  });
}

function open(options: Parameters<typeof createTestApi>[0] = {}): void {
  api = createTestApi({ doors, ...options });
}

const idsIn = (text: string): readonly string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).id);
const count = async () => (await doors.loads.list({ limit: 100 })).loads.length;

describe("a batch", () => {
  it("makes a load of each line, in order, once however often it is sent", async () => {
    open();
    const body = `${bodyOf(lineOf("a"), lineOf("b"), lineOf("c"))}\n`;
    const first = await send(body, "k-1");
    expect(first.statusCode).toBe(202);
    expect(first.headers["content-type"]).toMatch(/^application\/x-ndjson/);
    const loads = first.body
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(loads.map(({ source }) => source.uri)).toEqual([
      "s3://bucket/a.csv",
      "s3://bucket/b.csv",
      "s3://bucket/c.csv",
    ]);
    const again = await send(body, '"k-1"');
    expect(idsIn(again.body)).toEqual(idsIn(first.body));
    expect(again.headers["idempotent-replayed"]).toBe("true");
  });

  it("is refused while the same is being answered, and says when to come back", async () => {
    open();
    const batch = {
      caller: { principal: testPrincipal, via: "http" },
      idempotencyKey: "batch k-busy",
    } as const;
    const refused = await doors.loads.oneAtATime(() => send(bodyOf(lineOf("a")), "k-busy"), batch);
    expect(refused.statusCode).toBe(409);
    expect(refused.json()).toMatchObject({ code: "idempotency_in_flight" });
    expect(refused.headers["retry-after"]).toBe("5");
    expect((await send(bodyOf(lineOf("a")), "k-busy")).statusCode).toBe(202);
  });

  it("that was broken off is completed by sending it again", async () => {
    const { loads } = doors;
    let accepted = 0;
    const failing = {
      ...loads,
      accept: (...request: Parameters<typeof loads.accept>) => {
        accepted += 1;
        if (accepted > 2) throw new Error("the process died");
        return loads.accept(...request);
      },
    };
    const body = bodyOf(lineOf("d"), lineOf("e"), lineOf("f"));
    open({ doors: { ...doors, loads: failing } });
    expect((await send(body, "k-2")).statusCode).toBe(500);
    await api.app.close();
    const before = await count();
    open();
    const whole = await send(body, "k-2");
    expect(whole.statusCode).toBe(202);
    expect(whole.headers["idempotent-replayed"]).toBeUndefined();
    expect(idsIn(whole.body)).toHaveLength(3);
    expect(await count()).toBe(before + 1);
  });

  it.each([
    ["a changed line", (one: unknown) => bodyOf(one, lineOf("other"))],
    ["a line more", (one: unknown) => bodyOf(one, lineOf("h"), lineOf("i"))],
    ["a line less", (one: unknown) => bodyOf(one)],
  ])("with the key of another and %s is answered 422, and makes nothing", async (what, change) => {
    open();
    const first = lineOf("g");
    await send(bodyOf(first, lineOf("h")), `k-3 ${what}`.replaceAll(" ", "-"));
    const before = await count();
    const other = await send(change(first), `k-3 ${what}`.replaceAll(" ", "-"));
    expect(other.statusCode).toBe(422);
    expect(other.json()).toMatchObject({ code: "idempotency_conflict" });
    expect(await count()).toBe(before);
  });

  it("with wrong lines tells each by its number, and makes nothing", async () => {
    open({
      clients: [clientOf("airflow", testKey, { sources: ["s3://bucket/"] })],
    });
    const before = await count();
    const answer = await send(
      bodyOf(
        lineOf("ok"),
        "{ no json",
        { ...loadBody, operation: "insert", extra: "hunter2" },
        "",
        { ...loadBody, connection: "nowhere" },
        { ...loadBody, source: { uri: "s3://other/x.csv" } },
        { ...loadBody, header: "absent" },
        { ...loadBody, source: { uri: "orders.csv" } },
      ),
    );
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ code: "batch_invalid" });
    const { lines } = answer.json<{ lines: { line: number; code: string }[] }>();
    expect(lines.map(({ line, code }) => [line, code])).toEqual([
      [2, "body_malformed"],
      [3, "request_invalid"],
      [5, "unknown_connection"],
      [6, "source_not_allowed"],
      [7, "request_invalid"],
      [8, "source_uri"],
    ]);
    expect(answer.body).not.toContain("hunter2");
    expect(await count()).toBe(before);
  });

  it("sent again with other line ends, or properties in another order, is the same", async () => {
    open();
    const [one, other] = [lineOf("j"), lineOf("k")];
    const first = await send(bodyOf(one, other), "k-4");
    const turned = Object.fromEntries(Object.entries(other).toReversed());
    const again = await send(
      `\n${JSON.stringify(one)}\r\n\r\n${JSON.stringify(turned)}\r\n`,
      "k-4",
    );
    expect(again.headers["idempotent-replayed"]).toBe("true");
    expect(idsIn(again.body)).toEqual(idsIn(first.body));
  });

  it("without a load request is refused", async () => {
    open();
    for (const body of ["\n", "\r\n\n  "])
      expect((await send(body)).json()).toMatchObject({
        code: "batch_invalid",
        detail: "0 load requests were sent; a batch has 1 to 1000",
      });
  });

  it.each([
    ["without a key", "", "application/x-ndjson", 1, 400, "idempotency_key_missing"],
    ["as JSON", "k", "application/json", 1, 415, "media_type"],
    ["with a tab in its type", "k", "application/x-ndjson\ta", 1, 415, "media_type"],
    ["of 1,001 lines", "k", "application/x-ndjson", 1001, 422, "batch_invalid"],
    ["of more than 4 MiB", "k", "application/x-ndjson", 60_000, 413, "body_too_large"],
  ])("%s is refused", async (_what, key, type, lines, status, code) => {
    open();
    const body = bodyOf(...Array.from({ length: lines }, () => lineOf("x")));
    const answer = await send(body, key, type);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ code });
  });

  it("takes 1,000 lines", async () => {
    open();
    const body = bodyOf(...Array.from({ length: 1000 }, (_, i) => lineOf(`many-${i}`)));
    const answer = await send(body);
    expect(new Set(idsIn(answer.body)).size).toBe(1000);
  });
});
