/** What the seals of a load cover: who asks for what, and what planning has made of it. */
import type { LoadState } from "@headgate/core";
import { isFinalLoadState } from "@headgate/core";
import { isGenuine } from "../seals/seals.ts";
import type { Ledger } from "./ledger.ts";

/** Facts of a load that never change; `request` is its JSON as it is written. */
export function loadFacts(
  loadId: string,
  load: {
    readonly request: string;
    readonly objectKey: string;
    readonly principal: string;
    readonly via: string;
    readonly run?: string | undefined;
    readonly retryOf?: string | undefined;
  },
): readonly string[] {
  const { request, objectKey, principal, via, run = "", retryOf = "" } = load;
  return ["load", loadId, request, objectKey, principal, via, run, retryOf];
}

/** Facts that planning adds. Sources and parts have seals of their own, by their places in their lists. */
export function manifestFacts(
  loadId: string,
  manifest: {
    readonly header: string;
    readonly sourceObjects: string | number;
    readonly parts: string | number;
  },
): readonly string[] {
  const { header, sourceObjects, parts } = manifest;
  return ["manifest", loadId, header, String(sourceObjects), String(parts)];
}

/** Facts of one entry of a load's lists, beside its text. */
export function entryFacts(
  loadId: string,
  list: "sources" | "parts",
  index: number,
): readonly string[] {
  return [list, loadId, String(index)];
}

/** Whether a load's request is as it was accepted, from the raw fields of its hash. */
export function isGenuineRequest(
  ledger: Ledger,
  loadId: string,
  fields: Readonly<Record<string, string>>,
): boolean {
  const { request = "", objectKey = "", principal = "", via = "", run, retryOf, seal } = fields;
  return isGenuine(
    ledger,
    loadFacts(loadId, { request, objectKey, principal, via, run, retryOf }),
    seal,
  );
}

/** Whether a planned load's manifest is the one of planning; there is none before, and none counts after the end. */
export function isGenuineManifest(
  ledger: Ledger,
  loadId: string,
  fields: Readonly<Record<string, string>>,
  state: LoadState,
): boolean {
  if (state === "accepted" || isFinalLoadState(state)) return true;
  const { header = "", sourceObjects = "", parts = "", manifestSeal } = fields;
  return isGenuine(ledger, manifestFacts(loadId, { header, sourceObjects, parts }), manifestSeal);
}
