import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { apiKey } from "./api-keys.ts";
import { type ApiOptions, createApi } from "./create-api.ts";
import { createInMemoryLoads, type InMemoryLoads } from "./in-memory-loads.test-support.ts";

/** The key that opens an API made here, and the name it has. */
export const testKey = "headgate_test-key";
export const testPrincipal = "airflow";

export const loadBody = {
  sourceName: "web",
  object: "order",
  operation: "upsert",
  source: { uri: "s3://bucket/orders.csv" },
} as const;

export interface TestApi {
  readonly app: FastifyInstance;
  readonly loads: InMemoryLoads;
  /** Sends a request with the key. */
  call(request: InjectOptions): Promise<LightMyRequestResponse>;
  /** Brings a load and gives its id. */
  newLoad(): Promise<string>;
}

/** An API over loads in memory that does not listen. */
export function createTestApi(options: Partial<ApiOptions> = {}): TestApi {
  const loads = createInMemoryLoads();
  const app = createApi({ loads, keys: [apiKey(testPrincipal, testKey)], ...options });
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
