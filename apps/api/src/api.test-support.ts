import { createHash } from "node:crypto";
import type { Client } from "@headgate/config";
import { type ClientAccess, scopes } from "@headgate/core";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { type ApiOptions, createApi } from "./create-api.ts";
import { createInMemoryLoads, type InMemoryLoads } from "./in-memory-loads.test-support.ts";
import type { Doors } from "./v1.ts";

/** The key that opens an API made here with all scopes, and the name of its client. */
export const testKey = "hg_test-key";
export const testPrincipal = "airflow";

export const loadBody = {
  sourceName: "web",
  object: "order",
  operation: "upsert",
  source: { uri: "s3://bucket/orders.csv" },
} as const;

/** A client with one key. Without `access` it may do everything. */
export function clientOf(name: string, key: string, access: Partial<ClientAccess> = {}): Client {
  return {
    access: {
      ...{ name, scopes, connections: undefined, sources: undefined },
      limits: { requestsPerMinute: 100_000, pendingLoads: 10_000 },
      ...access,
    },
    keys: [{ sha256: createHash("sha256").update(key).digest() }],
  };
}

export interface TestApi {
  readonly app: FastifyInstance;
  readonly loads: InMemoryLoads;
  /** Sends a request with the key. */
  call(request: InjectOptions): Promise<LightMyRequestResponse>;
  /** Brings a load and gives its id. */
  newLoad(): Promise<string>;
}

export interface TestApiOptions extends Omit<Partial<ApiOptions>, "doors" | "clients"> {
  readonly doors?: Partial<Doors>;
  readonly clients?: readonly Client[];
}

/** An API over loads in memory that does not listen. Doors that are not given stay closed. */
export function createTestApi(options: TestApiOptions = {}): TestApi {
  const loads = createInMemoryLoads();
  const { doors, clients = [clientOf(testPrincipal, testKey)], ...rest } = options;
  const byName = new Map(clients.map((client) => [client.access.name, client]));
  const app = createApi({
    doors: { ...closedDoors, loads, ...doors },
    clients: () => byName,
    ...rest,
  });
  const call: TestApi["call"] = (request) =>
    app.inject({
      ...request,
      headers: { authorization: `Bearer ${testKey}`, ...request.headers },
    });
  return {
    app,
    loads,
    call,
    async newLoad() {
      const answer = await call({ method: "POST", url: "/v1/loads", payload: loadBody });
      return answer.json<{ id: string }>().id;
    },
  };
}

async function closed(): Promise<never> {
  throw new Error("this test has no such door");
}

const closedDoors: Omit<Doors, "loads"> = {
  bulkJobs: { list: closed, get: closed },
  errands: { ask: closed, get: closed },
  feed: {
    last: closed,
    follow: () => {
      throw new Error("this test has no such door");
    },
  },
  schedules: {
    ...{ list: closed, get: closed, create: closed, remove: closed, pause: closed },
    ...{ resume: closed, runNow: closed, backfill: closed, nextRuns: closed, runs: closed },
    ...{ run: closed, cancelRun: closed },
  },
};
