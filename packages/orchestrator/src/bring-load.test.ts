import { createHash } from "node:crypto";
import type { ClientAccess } from "@headgate/core";
import { noFindings } from "@headgate/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { claimKey, dropClaim, revokeLoad } from "./ledger/idempotency.ts";
import { retentionOf } from "./ledger/ledger.ts";
import { failPlanning } from "./ledger/manifest.ts";
import { type LoadRequest, parseLoadRequest } from "./load-request.ts";
import type { Accepted } from "./loads.ts";
import { doorOfTest, type TestDoor } from "./redis-loads.test-support.ts";

const names = ["default", "emea"] as const;
const caller = { principal: "acme", via: "http" } as const;
const client: ClientAccess = {
  name: "acme",
  scopes: ["enqueue"],
  connections: undefined,
  sources: undefined,
  limits: { requestsPerMinute: 600, pendingLoads: 3 },
};

function requestFor(connection: string, object = "orders"): LoadRequest {
  const target = { connection, sourceName: "crm", object, operation: "upsert" } as const;
  return parseLoadRequest({ ...target, source: { uri: "s3://bucket/key.csv" } });
}

async function accept(door: TestDoor, request: LoadRequest, idempotencyKey = "k") {
  return await door.loads.accept(request, { caller, idempotencyKey });
}

/** The key's hash as the door makes it. */
const keyHash = createHash("sha256")
  .update(JSON.stringify(["http", "acme", "k"]))
  .digest("hex");

describe("one idempotency key over two connections", () => {
  it("is for one request: another connection makes it another one", async () => {
    const door = doorOfTest({ names });
    const { load } = await accept(door, requestFor("default"));
    await expect(accept(door, requestFor("emea"))).rejects.toMatchObject({
      code: "ERR_IDEMPOTENCY_CONFLICT",
      fields: { loadId: load.id },
    });
    expect(await accept(door, requestFor("default"))).toMatchObject({
      replayed: true,
      load: { id: load.id },
    });
    expect((await door.loads.list({})).loads).toHaveLength(1);
  });

  it("makes one load of all that race for it", async () => {
    const requests = fc.array(fc.constantFrom("default", "emea"), { minLength: 2, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(requests, async (connections) => {
        const door = doorOfTest({ names });
        const answers = await Promise.allSettled(
          connections.map((connection) => accept(door, requestFor(connection))),
        );
        const { loads } = await door.loads.list({});
        expect(loads).toHaveLength(1);
        const made = answers.flatMap((answer) =>
          answer.status === "fulfilled" ? [answer.value] : [],
        );
        expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1);
        for (const { load } of made) expect(load.id).toBe(loads[0]?.id);
        for (const answer of answers)
          if (answer.status === "rejected")
            expect(answer.reason).toMatchObject({ code: "ERR_IDEMPOTENCY_CONFLICT" });
      }),
      { numRuns: 25 },
    );
  });

  it("is made good by the next request where the first one died after its claim", async () => {
    const door = doorOfTest({ names });
    const body = createHash("sha256")
      .update(JSON.stringify(requestFor("default")))
      .digest("hex");
    const mine = { loadId: "default.dead", body };
    expect(await claimKey(door, keyHash, mine)).toEqual(mine);
    expect(await door.loads.get("default.dead")).toBeUndefined();
    const { load, replayed } = await accept(door, requestFor("default"));
    expect({ id: load.id, replayed }).toEqual({ id: "default.dead", replayed: false });
    expect(await accept(door, requestFor("default"))).toMatchObject({ replayed: true });
  });

  it.each(["claimed", "revoked"])(
    "passes to another request where the first one died with it %s, and stays there",
    async (until) => {
      const door = doorOfTest({ names });
      const first = { loadId: "default.dead", body: "body of the first" };
      await claimKey(door, keyHash, first);
      const { ledger } = door.of("default");
      if (until === "revoked") await revokeLoad(ledger, keyHash, first.loadId);
      const { load } = await accept(door, requestFor("emea"));
      expect(load).toMatchObject({ connection: "emea" });
      // The first one was not dead but slow: it finds its load revoked, and the key taken.
      await expect(accept(door, requestFor("default"))).rejects.toMatchObject({
        code: "ERR_IDEMPOTENCY_CONFLICT",
        fields: { loadId: load.id },
      });
      expect((await door.loads.list({})).loads.map(({ id }) => id)).toEqual([load.id]);
    },
  );

  it("that was refused for its number pending can be used again, with the same or another request", async () => {
    const door = doorOfTest({ names });
    const full = { ...client, limits: { ...client.limits, pendingLoads: 0 } };
    const refused = door.loads.accept(requestFor("default"), {
      caller: { ...caller, access: full },
      idempotencyKey: "k",
    });
    await expect(refused).rejects.toMatchObject({ code: "ERR_TOO_MANY_PENDING" });
    expect(await accept(door, requestFor("emea"))).toMatchObject({ replayed: false });
  });

  it("is claimed for 30 days, and dropped only by who holds it", async () => {
    const door = doorOfTest({ names });
    const claim = { loadId: "default.a", body: "b" };
    await claimKey(door, keyHash, claim);
    const left = await door.redis.ttl(`${door.prefix}:idempotency:${keyHash}`);
    expect(left).toBeGreaterThan(retentionOf({}) - 60);
    await dropClaim(door, keyHash, { ...claim, loadId: "default.b" });
    expect(await claimKey(door, keyHash, { loadId: "default.c", body: "c" })).toEqual(claim);
    await dropClaim(door, keyHash, claim);
    expect((await claimKey(door, keyHash, { loadId: "default.c", body: "c" })).body).toBe("c");
  });
});

describe("a client's unfinished loads", () => {
  const mine = { caller: { ...caller, access: client } };

  it("are bounded over all connections, and a load that ends makes room", async () => {
    const door = doorOfTest({ names });
    const made: Accepted[] = [];
    for (const connection of ["default", "emea", "default"])
      made.push(await door.loads.accept(requestFor(connection), mine));
    const refusal = {
      code: "ERR_TOO_MANY_PENDING",
      fields: { client: "acme", allowed: 3 },
    };
    for (const connection of names) {
      const request = requestFor(connection);
      await expect(door.loads.accept(request, mine)).rejects.toMatchObject(refusal);
      await expect(door.loads.check(request, mine.caller)).rejects.toMatchObject(refusal);
    }
    const other = { caller: { ...mine.caller, principal: "other" } };
    expect((await door.loads.accept(requestFor("default"), other)).replayed).toBe(false);

    await door.loads.cancel(made[1]?.load.id ?? "");
    const again = await door.loads.accept(requestFor("emea"), mine);
    await expect(door.loads.accept(requestFor("emea"), mine)).rejects.toMatchObject(refusal);
    const why = { code: "csv_empty", message: "empty", findings: noFindings("refuse") };
    await failPlanning(door.of("emea").ledger, again.load.id, why);
    await door.loads.check(requestFor("emea"), mine.caller);
  });

  it("are never more than allowed, however many requests come at once", async () => {
    const door = doorOfTest();
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => door.loads.accept(requestFor("default"), mine)),
    );
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect((await door.loads.list({})).loads).toHaveLength(3);
  });
});

describe("a client's rights", () => {
  const acme = { ...client, connections: ["default"], sources: ["s3://bucket/acme/"] };
  const asking = { ...caller, access: acme };
  const from = (uri: string, connection = "default") =>
    parseLoadRequest({ ...requestFor(connection), source: { uri } });

  it.each([
    [from("s3://bucket/acme/a.csv", "emea"), "ERR_CLIENT_FORBIDDEN"],
    [from("s3://bucket/acme/a.csv", "apac"), "ERR_CLIENT_FORBIDDEN"],
    [from("s3://bucket/other/a.csv"), "ERR_SOURCE_NOT_ALLOWED"],
  ])("refuse what lies outside of them, and leave nothing behind (%#)", async (request, code) => {
    const door = doorOfTest({ names });
    await expect(door.loads.check(request, asking)).rejects.toMatchObject({ code });
    const accepting = door.loads.accept(request, { caller: asking, idempotencyKey: "k" });
    await expect(accepting).rejects.toMatchObject({ code });
    expect(await door.redis.keys(`${door.prefix}*idempotency*`)).toEqual([]);
    expect((await door.loads.list({})).loads).toEqual([]);
  });

  it("hold for a retry too, whose load keeps its owner", async () => {
    const door = doorOfTest({ names });
    const { load } = await accept(door, from("s3://bucket/other/a.csv"));
    await door.loads.cancel(load.id);
    const retry = door.loads.retry(load.id, { caller: { ...asking, principal: "operator" } });
    await expect(retry).rejects.toMatchObject({ code: "ERR_SOURCE_NOT_ALLOWED" });
    const operator = { principal: "operator", via: "http" } as const;
    const again = await door.loads.retry(load.id, { caller: operator });
    expect(again).toMatchObject({ replayed: false, load: { principal: "acme", retryOf: load.id } });
    expect(await door.loads.retry(load.id, { caller: operator })).toMatchObject({
      replayed: true,
      load: { id: again.load.id },
    });
  });
});
