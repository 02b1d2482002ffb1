/** A client on a test tenant. */
import { createIngestionClient } from "./client.ts";
import type { TimeLimits } from "./http-transport.ts";
import {
  startTenant,
  type TenantOptions,
  testTiming,
  testTransport,
} from "./test-tenant.test-support.ts";
import { createTokenSource } from "./token-source.ts";

export const target = { sourceName: "shop", object: "orders" };

export async function startClient(options: TenantOptions = {}, limits: Partial<TimeLimits> = {}) {
  const tenant = await startTenant(options);
  const timing = testTiming();
  // Logins are not what the limits are about.
  const tokenSource = createTokenSource(tenant.connection, { transport: testTransport(), timing });
  const transport = testTransport({ limits });
  const client = createIngestionClient({ tokenSource, transport, timing });
  return { tenant, timing, client };
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}
