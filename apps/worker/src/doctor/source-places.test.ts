import { scheduleSchema } from "@headgate/orchestrator/requests";
import { expect, it } from "vitest";
import { s3Places } from "./source-places.ts";

const cron = "0 2 * * *";

function placesOf(buckets: readonly string[] | undefined, ...sources: readonly unknown[]) {
  const targets = sources.map((source) => ({ sourceName: "crm", object: "orders", source }));
  const s3 = buckets === undefined ? {} : { buckets: [...buckets] };
  return s3Places({
    sources: { s3 },
    schedules: sources.length === 0 ? {} : { nightly: scheduleSchema.parse({ cron, targets }) },
  });
}

it("are none where no bucket is named", () => {
  expect(placesOf(undefined)).toEqual([]);
  expect(placesOf(undefined, { prefix: "file:///data/" })).toEqual([]);
});

it("are the allowed buckets and folders", () => {
  expect(placesOf(["exports", "lake/crm/"])).toEqual(["s3://exports/", "s3://lake/crm/"]);
});

it.each([
  [{ prefix: "s3://exports/{yyyy-MM-dd}/orders/" }, "s3://exports/"],
  [{ prefix: "s3://exports/orders/", suffix: ".csv" }, "s3://exports/orders/"],
  [{ prefix: "s3://exports/orders/part-" }, "s3://exports/orders/"],
  [{ glob: "s3://exports/a/**/*.csv" }, "s3://exports/a/"],
  [{ uri: "s3://exports/orders.csv" }, "s3://exports/"],
  [{ keys: ["s3://exports/b/1.csv"] }, "s3://exports/b/"],
  [{ manifest: "s3://exports/{yyyyMMdd}.json" }, "s3://exports/"],
])("begin where the schedule's %j does", (source, place) => {
  expect(placesOf(undefined, source)).toEqual([place]);
});

it("are named once", () => {
  const orders = { prefix: "s3://exports/{yyyy-MM-dd}/orders/" };
  expect(placesOf(["exports"], orders)).toEqual(["s3://exports/"]);
});
