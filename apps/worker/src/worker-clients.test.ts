import { loadConfig } from "@headgate/config";
import { expect, it } from "vitest";
import { accessOf, streamCaller } from "./worker-clients.ts";

/** Clients `etl` and `ui`; `streamClient` is who stands for the stream. */
function loaded(changes: object = {}) {
  const config = {
    connections: {
      default: {
        consumerKey: "app",
        user: "u",
        keyFile: "/k",
        connectors: { crm: { schema: "none" } },
      },
    },
    clients: { etl: { connections: ["default"], sources: ["s3://exports/"] }, ui: {} },
    ...changes,
  };
  return loadConfig({
    environment: Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        `HEADGATE__${key.toUpperCase()}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
  });
}

it("acts for a client of the API with the client's rights", () => {
  expect(accessOf(loaded(), { principal: "etl", via: "http" })).toMatchObject({
    name: "etl",
    connections: ["default"],
    sources: ["s3://exports/"],
  });
});

it.each(["http", "schedule", "stream"])("knows no client that is not configured, by %s", (via) => {
  const config = loaded({ STREAMCLIENT: "ui" });
  expect(accessOf(config, { principal: "gone", via })).toBeUndefined();
});

it("acts for schedules of headgate.yaml without bounds, for those of a client with the client's", () => {
  const config = loaded();
  expect(accessOf(config, { principal: "headgate.yaml", via: "schedule" })).toBe("any");
  expect(accessOf(config, { principal: "headgate.yaml", via: "http" })).toBeUndefined();
  expect(accessOf(config, { principal: "etl", via: "schedule" })).toMatchObject({ name: "etl" });
});

it("takes in what comes by the stream without bounds where no client stands for it", () => {
  const config = loaded();
  expect(streamCaller(config)).toEqual({ principal: "redis", via: "stream" });
  expect(accessOf(config, { principal: "redis", via: "stream" })).toBe("any");
});

it("gives what comes by the stream the rights of the client that stands for it", () => {
  const config = loaded({ STREAMCLIENT: "etl" });
  expect(streamCaller(config)).toMatchObject({
    principal: "etl",
    via: "stream",
    access: { name: "etl", sources: ["s3://exports/"] },
  });
  expect(accessOf(config, { principal: "etl", via: "stream" })).toMatchObject({ name: "etl" });
  expect(accessOf(config, { principal: "redis", via: "stream" })).toBeUndefined();
});
