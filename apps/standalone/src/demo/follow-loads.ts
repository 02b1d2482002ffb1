/** Watches loads until all have ended. */
import { setTimeout as delay } from "node:timers/promises";
import { isFinalLoadState } from "@headgate/core";
import type { ApiClient, LoadView } from "./api-client.ts";
import { DemoError } from "./demo-error.ts";

const lookEveryMs = 1000;
/** A demo without any progress for so long is given up: something is stuck, or the hour is used up. */
const patienceMs = 180_000;

/**
 * The loads with their bulk jobs, once each is complete, failed or cancelled. `show` gets a line on
 * how far they are every second. Throws DemoError after three minutes in which nothing moved.
 */
export async function followLoads(
  api: ApiClient,
  ids: readonly string[],
  options: { readonly show: (line: string) => void; readonly signal: AbortSignal },
): Promise<readonly LoadView[]> {
  const wanted = new Set(ids);
  let movedAt = performance.now();
  let lastState = "";
  for (;;) {
    const loads = (await api.list()).filter(({ id }) => wanted.has(id));
    options.show(await progressLine(api, loads));
    const open = loads.filter(({ state }) => !isFinalLoadState(state));
    if (loads.length === wanted.size && open.length === 0) break;
    const state = JSON.stringify(loads);
    if (state !== lastState) movedAt = performance.now();
    lastState = state;
    if (performance.now() - movedAt > patienceMs)
      throw new DemoError("failed", `nothing moved for ${patienceMs / 1000} s: ${told(open)}`);
    await delay(lookEveryMs, undefined, { signal: options.signal });
  }
  return await Promise.all(ids.map((id) => api.get(id)));
}

async function progressLine(api: ApiClient, loads: readonly LoadView[]): Promise<string> {
  const sum = (measure: (load: LoadView) => number) =>
    loads.reduce((total, load) => total + measure(load), 0);
  const ended = loads.filter(({ state }) => isFinalLoadState(state)).length;
  const quota = await api.quota();
  const words = [
    `loads ${ended} of ${loads.length} ended`,
    `uploaded ${megabytes(sum(({ bytes }) => bytes.uploaded))} of ${megabytes(sum(({ bytes }) => bytes.planned))} MB`,
    `parts ${sum(({ parts }) => parts.settled)} of ${sum(({ parts }) => parts.planned)} settled`,
  ];
  if (quota !== undefined)
    words.push(
      `bulk jobs ${quota.permits.used} of ${quota.permits.limit} at a time`,
      `${quota.slots.used} of ${quota.slots.limit} this hour`,
    );
  return words.join(" · ");
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function told(loads: readonly LoadView[]): string {
  return loads.map(({ id, state }) => `${id} is ${state}`).join(", ");
}
