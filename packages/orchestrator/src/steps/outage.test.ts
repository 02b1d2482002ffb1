/** What a tenant that answers badly for long is asked in that time, and what becomes of the loads. */
import { BulkError, bytes, type ErrorCode, noFindings, seconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { addLoad, bulkJobOf, loadOf } from "../ledger/ledger.test-support.ts";
import { commitManifest, stageManifest } from "../ledger/manifest.ts";
import { type VirtualFleet, virtualFleet } from "./virtual-fleet.test-support.ts";

const minute = 60_000;
const hour = 60 * minute;

type Call = Parameters<VirtualFleet["tenant"]["hold"]>[0];
const effects: readonly Call[] = ["create", "upload", "close", "abort"];
const lookups: readonly Call[] = ["list", "info"];

interface Asked {
  readonly call: Call;
  readonly at: number;
  readonly failed: boolean;
}

/** Notes every call; `fault` says what it fails with at that instant, if it does. */
function watchCalls(
  fleet: VirtualFleet,
  fault: (call: Call, now: number) => ErrorCode | undefined,
): readonly Asked[] {
  const asked: Asked[] = [];
  for (const call of [...effects, ...lookups])
    fleet.tenant.hold(call, () => {
      const code = fault(call, fleet.now());
      asked.push({ call, at: fleet.now(), failed: code !== undefined });
      return code === undefined
        ? Promise.resolve()
        : Promise.reject(new BulkError(code, `${call} met ${code}`));
    });
  return asked;
}

/** The most calls that go out within 10 minutes between two instants. */
function busiest(asked: readonly Asked[], from: number, to: number): number {
  const instants = asked.map(({ at }) => at).filter((at) => at >= from && at < to);
  return Math.max(
    0,
    ...instants.map(
      (start) => instants.filter((at) => at >= start && at < start + 10 * minute).length,
    ),
  );
}

/** A planned load of `crm/<object>` whose parts, of nothing but a header, the test store can give. */
async function addParts(
  { context: { ledger } }: VirtualFleet,
  load: { readonly id: string; readonly object: string; readonly parts: number },
): Promise<string> {
  const { parts } = load;
  const loadId = await addLoad(ledger, { id: load.id, object: load.object });
  const stage = stageManifest(ledger, loadId, "attempt");
  await stage.addSource({ uri: "s3://bucket/empty.csv", bytes: bytes(3), pin: "etag" });
  for (let number = 0; number < parts; number++)
    await stage.addPart({ number, segments: [], bytes: bytes(3), records: 0 });
  await stage.flush();
  const sums = { sourceObjects: 1, parts, bytes: 3 * parts, records: 0 };
  const findings = noFindings("refuse");
  await commitManifest(ledger, { loadId, attempt: "attempt", header: "id\n", ...sums, findings });
  return loadId;
}

describe("a busy tenant that is away for half an hour", () => {
  it("is asked a tenth of what it is in good times, and used again within 2 minutes", {
    timeout: 120_000,
  }, async () => {
    const fleet = virtualFleet();
    const start = fleet.now();
    const away = { from: start + 36 * minute, to: start + 66 * minute };
    const asked = watchCalls(fleet, (call, now) => {
      if (now < away.from || now >= away.to) return undefined;
      return effects.includes(call) ? "ERR_API_UNKNOWN_OUTCOME" : "ERR_API_SERVER";
    });
    const loads: string[] = [];
    for (let round = 0; round < 5; round++) {
      for (const object of ["orders", "items", "notes", "visits"])
        loads.push(await addParts(fleet, { id: `${object}${round}`, object, parts: 100 }));
      await fleet.run(12 * minute);
    }
    await fleet.run(2 * hour);

    const base = busiest(asked, start, away.from);
    expect(base).toBeGreaterThan(300);
    expect(busiest(asked, away.from, away.to)).toBeLessThanOrEqual(base / 10);
    const first = asked.find(({ at, failed }) => at >= away.to && !failed);
    expect((first?.at ?? Infinity) - away.to).toBeLessThanOrEqual(2 * minute);
    for (const id of loads)
      expect(await loadOf(fleet.context.ledger, id)).toMatchObject({ state: "complete" });
  });
});

describe("a tenant that answers create calls with", () => {
  it.each<[string, ErrorCode]>([
    ["429", "ERR_API_THROTTLED"],
    ["401, whatever the token", "ERR_API_UNAUTHORIZED"],
  ])(
    "%s for an hour gets few of them, at growing distances, and no load is lost",
    async (_, code) => {
      const fleet = virtualFleet();
      const end = fleet.now() + hour;
      const asked = watchCalls(fleet, (call, now) =>
        call === "create" && now < end ? code : undefined,
      );
      const loads: string[] = [];
      for (let n = 0; n < 5; n++) loads.push(await fleet.load(`object${n}`));
      await fleet.run(3 * hour);

      const refused = asked.filter(({ failed }) => failed).map(({ at }) => at);
      const gaps = refused.slice(1).map((at, i) => at - (refused[i] ?? 0));
      expect(refused.length).toBeLessThanOrEqual(10);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30_000);
      expect(Math.max(...gaps)).toBeGreaterThanOrEqual(5 * minute);
      for (const id of loads)
        expect(await loadOf(fleet.context.ledger, id)).toMatchObject({ state: "complete" });
    },
  );
});

describe("a tenant that loses bulk jobs again and again", () => {
  it("costs a load three restarts, and the connection a quarter of its slots an hour", async () => {
    const fleet = virtualFleet();
    const { tenant, context, events } = fleet;
    const start = fleet.now();
    let loses = true;
    const asked = watchCalls(fleet, (call) => {
      if (!loses || (call !== "upload" && call !== "info")) return undefined;
      for (const [id, { state }] of tenant.bulkJobs) if (state === "Open") tenant.process(id);
      return "ERR_API_NOT_FOUND";
    });
    const first = await fleet.load("first");
    await fleet.run(10 * minute);
    expect(await loadOf(context.ledger, first)).toMatchObject({
      state: "failed",
      reasonCode: "unstable",
      restarts: 4,
    });
    const second = await fleet.load("second");
    const other = await fleet.load("other");
    await fleet.run(40 * minute);
    const held = events.filter((e) => e.type === "restarts.held");
    expect(held.map((e) => "object" in e && e.object).sort()).toEqual(["crm/other", "crm/second"]);
    const creates = asked.filter(({ call }) => call === "create");
    // Three first tries, three restarts of the first load, and two of the others before the share is used up.
    expect(creates.length).toBeLessThanOrEqual(3 + 5);

    loses = false;
    await fleet.run(start + 2.5 * hour - fleet.now());
    for (const id of [second, other])
      expect(await loadOf(context.ledger, id)).toMatchObject({ state: "complete" });
  });
});

describe("a tenant that does not come to an end with a closed bulk job", () => {
  it("is told after twice the usual time and after a day, once each; the permit stays taken", async () => {
    const fleet = virtualFleet({
      settings: { pollMinMs: seconds(60), pollMaxMs: seconds(300) },
    });
    const { tenant, context, events } = fleet;
    tenant.closedState = "InProgress";
    const endAfter = async (spanMs: number) => {
      const id = await fleet.load("orders");
      await fleet.run(spanMs);
      for (const [remote, { state }] of tenant.bulkJobs)
        if (state === "InProgress") tenant.process(remote);
      await fleet.run(2 * minute);
      return id;
    };
    for (let n = 0; n < 5; n++) await endAfter(15 * minute);
    const late = () => events.filter((e) => e.type === "bulk-job.late");
    expect(late()).toEqual([]);

    const id = await fleet.load("orders");
    await fleet.run(40 * minute);
    expect(late()).toMatchObject([{ lateness: "slow" }]);
    await fleet.run(30 * hour);
    expect(late()).toMatchObject([{ lateness: "slow" }, { lateness: "day" }]);
    expect(await context.ledger.redis.zcard(`${context.ledger.base}permits`)).toBe(1);
    const [event] = late();
    const bulkJobId = event !== undefined && "bulkJobId" in event ? event.bulkJobId : "";
    expect(await bulkJobOf(context.ledger, bulkJobId)).toMatchObject({ phase: "processing" });
    expect(await loadOf(context.ledger, id)).toMatchObject({ state: "processing" });
  });

  it("and answers with a state or a page that nobody knows is asked on, and counts as busy", async () => {
    const fleet = virtualFleet();
    const { tenant, context, events } = fleet;
    tenant.closedState = "InProgress";
    let isOdd = false;
    watchCalls(fleet, (call) =>
      isOdd && (call === "list" || call === "info") ? "ERR_API_UNEXPECTED" : undefined,
    );
    const id = await fleet.load("orders");
    await fleet.run(minute);
    isOdd = true;
    await fleet.run(hour);
    expect(events).toContainEqual(
      expect.objectContaining({ type: "bulk-job.call-failed", code: "ERR_API_UNEXPECTED" }),
    );
    expect(await loadOf(context.ledger, id)).toMatchObject({ state: "processing" });
    expect(await context.ledger.redis.zcard(`${context.ledger.base}permits`)).toBe(1);

    isOdd = false;
    for (const remote of tenant.bulkJobs.keys()) tenant.process(remote);
    await fleet.run(5 * minute);
    expect(await loadOf(context.ledger, id)).toMatchObject({ state: "complete" });
  });
});
