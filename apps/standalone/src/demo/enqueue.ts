/** Brings loads by the three ways in, each as its users would: HTTP, the CLI and the Redis stream. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ApiClient } from "./api-client.ts";
import type { DemoLoad, DemoObject } from "./data-sets.ts";
import { DemoError } from "./demo-error.ts";
import { enqueueByStream } from "./enqueue-by-stream.ts";
import type { Fleet } from "./fleet.ts";
import { type LoadRequest, loadRequest } from "./load-request.ts";
import { cliScript } from "./packages.ts";

/** A load that headgate has accepted. */
export interface AcceptedLoad {
  readonly id: string;
  readonly object: DemoObject;
  readonly load: DemoLoad;
  /** The request in words: where the files are. */
  readonly from: string;
}

/**
 * Brings all loads of these objects, first every upsert, then every delete, so that a delete stands
 * in line behind the upsert of its object. Throws DemoError for a load that is refused.
 */
export async function enqueueAll(
  deps: { readonly fleet: Fleet; readonly api: ApiClient },
  objects: readonly DemoObject[],
  signal: AbortSignal,
): Promise<readonly AcceptedLoad[]> {
  const { fleet, api } = deps;
  const accepted: AcceptedLoad[] = [];
  for (const operation of ["upsert", "delete"] as const) {
    const wanted = objects
      .flatMap((object) => object.loads.map((load) => ({ object, load })))
      .filter(({ load }) => load.operation === operation)
      .map((each) => ({ ...each, request: loadRequest(each.object, each.load, fleet.s3.bucket) }));
    const ways = {
      http: async (requests: readonly LoadRequest[]) => enqueueByHttp(api, requests),
      cli: async (requests: readonly LoadRequest[]) => enqueueByCli(fleet, requests, signal),
      stream: async (requests: readonly LoadRequest[]) =>
        enqueueByStream(fleet.redis, requests, signal),
    };
    for (const [wayIn, enqueue] of Object.entries(ways)) {
      const group = wanted.filter(({ load }) => load.wayIn === wayIn);
      const ids = await enqueue(group.map(({ request }) => request));
      for (const [index, { object, load, request }] of group.entries())
        accepted.push({ id: ids[index] ?? "", object, load, from: placeOf(request) });
    }
  }
  return accepted;
}

/** Sends each request twice with one key, which must make one load. */
async function enqueueByHttp(
  api: ApiClient,
  requests: readonly LoadRequest[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const request of requests) {
    const key = `demo-${request.operation}-${request.sourceName}-${request.object}`;
    const first = await api.accept(request, key);
    const again = await api.accept(request, key);
    if (again.id !== first.id || first.replayed || !again.replayed)
      throw new DemoError("failed", `key ${key} made the loads ${first.id} and ${again.id}`);
    ids.push(first.id);
  }
  return ids;
}

async function enqueueByCli(
  fleet: Fleet,
  requests: readonly LoadRequest[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const { sourceName, object, operation, source } of requests) {
    const from = "uri" in source ? [source.uri] : [source.prefix, "--suffix", source.suffix];
    const flags = ["--to", `${sourceName}/${object}`, "--operation", operation, "--json"];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [cliScript, "load", ...from, ...flags],
      { env: { ...fleet.cliEnvironment }, signal },
    );
    const { id }: { readonly id: string } = JSON.parse(stdout);
    ids.push(id);
  }
  return ids;
}

function placeOf({ source }: LoadRequest): string {
  return "uri" in source ? source.uri : source.prefix;
}
