import { describe, expect, it } from "vitest";
import { loadOf } from "../ledger/ledger.test-support.ts";
import { virtualFleet } from "./virtual-fleet.test-support.ts";

const minute = 60_000;

describe("a login that leads to another organisation than before", () => {
  it("creates nothing there, and its loads wait until it is right again", async () => {
    const fleet = virtualFleet();
    const { context, tenant, events } = fleet;
    let org = "00Dxx0000000001";
    Object.assign(context.ports, { ingestion: { ...tenant.ingestion, orgId: () => org } });
    await fleet.load("orders");
    await fleet.run(minute);
    org = "00Dxx0000000002EAM";
    const load = await fleet.load("orders");
    await fleet.run(30 * minute);
    expect(tenant.bulkJobs.size).toBe(1);
    expect(await loadOf(context.ledger, load)).toMatchObject({ state: "waiting" });
    expect(events.at(-1)).toMatchObject({
      type: "tenant.unavailable",
      code: "ERR_OTHER_ORG",
      message: expect.stringMatching(
        "organisation 00Dxx0000000002; its ledger is of 00Dxx0000000001",
      ),
    });

    org = "00Dxx0000000001EAM";
    await fleet.run(minute);
    expect(await loadOf(context.ledger, load)).toMatchObject({ state: "complete" });
  });

  it("spends no slot on a bulk job that was claimed before", async () => {
    const fleet = virtualFleet();
    const { context, tenant } = fleet;
    let org = "00Dxx0000000001";
    Object.assign(context.ports, { ingestion: { ...tenant.ingestion, orgId: () => org } });
    tenant.failNext("create", "ERR_API_UNREACHABLE");
    const load = await fleet.load("orders");
    await fleet.run(0);
    org = "00Dxx0000000002";
    await fleet.run(30 * minute);
    expect(tenant.bulkJobs.size).toBe(0);
    expect(tenant.calls.filter((call) => call === "create")).toHaveLength(1);
    org = "00Dxx0000000001";
    await fleet.run(5 * minute);
    expect(await loadOf(context.ledger, load)).toMatchObject({ state: "complete" });
  });
});
