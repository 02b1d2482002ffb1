/** Looks at the places of a run's target: is the gate open, and which files lie there. Takes nothing. */
import {
  addDays,
  BulkError,
  checkObject,
  checkSelection,
  isBulkError,
  type SourceObject,
  type SourceSelection,
} from "@headgate/core";
import { selectionOf } from "../load-request.ts";
import { ownerAccess } from "../owner-access.ts";
import type { ScheduleTarget } from "../schedule-spec.ts";
import type { StepContext } from "../steps/context.ts";
import { fillSource } from "./fill-source.ts";

/** Where a target's files of one date lie. */
interface Place {
  readonly selection: SourceSelection;
  /** URI of the file that must be there first. */
  readonly gate: string | undefined;
}

/** What is looked at. */
export interface LookAt {
  readonly target: ScheduleTarget;
  readonly date: string;
  /** Days before the date whose prefixes are looked at too, for late files. */
  readonly lookBackDays: number;
  readonly principal: string;
}

/** What lies there. */
export interface Found {
  /** The gate that is not open, or the listed file that is not there. */
  readonly waitsFor?: string;
  /** Files of earlier dates first, each place's in the order listed. */
  readonly files: readonly SourceObject[];
  /** How many of them, at the end, are of the run's own date. */
  readonly ownFiles: number;
}

/**
 * Lists the target's places. An earlier date whose gate is closed is left out, for its files may not
 * be whole. Throws ERR_SOURCE_* (ERR_SOURCE_TOO_MANY over `filesPerLook`), ERR_CLIENT_FORBIDDEN, ERR_SOURCE_NOT_ALLOWED.
 */
export async function look(context: StepContext, at: LookAt, signal: AbortSignal): Promise<Found> {
  const own = placeOf(at.target, at.date);
  const files = new Map<string, SourceObject>();
  const into = async (place: Place) =>
    await lookInto(
      context,
      { place, at, room: context.settings.filesPerLook - files.size },
      signal,
    );
  for (const place of earlierPlaces(at, own)) {
    const found = await into(place);
    if (found.waitsFor === undefined) for (const file of found.files) files.set(file.uri, file);
  }
  const found = await into(own);
  if (found.waitsFor !== undefined) return { waitsFor: found.waitsFor, files: [], ownFiles: 0 };
  for (const file of found.files) {
    files.delete(file.uri);
    files.set(file.uri, file);
  }
  return { files: [...files.values()], ownFiles: found.files.length };
}

/** URIs that a look goes to, dates filled in. */
export function placesOf(at: LookAt): readonly string[] {
  const own = placeOf(at.target, at.date);
  return [...earlierPlaces(at, own), own].flatMap(({ selection }) =>
    selection.kind === "keys" ? selection.uris : [selection.uri],
  );
}

/** Places of the dates before, oldest first; none where the place is the same every day. */
function earlierPlaces(at: LookAt, own: Place): readonly Place[] {
  if (!("prefix" in at.target.source)) return [];
  const places = new Map<string, Place>();
  for (let days = at.lookBackDays; days > 0; days--) {
    const place = placeOf(at.target, addDays(at.date, -days));
    places.set(JSON.stringify(place.selection), place);
  }
  places.delete(JSON.stringify(own.selection));
  return [...places.values()];
}

function placeOf({ source, gate }: ScheduleTarget, date: string): Place {
  const filled = fillSource(source, date);
  const selection = selectionOf({ source: filled });
  if (gate === undefined || !("prefix" in filled)) return { selection, gate: undefined };
  const folder = filled.prefix.slice(0, filled.prefix.lastIndexOf("/") + 1);
  if ("file" in gate) return { selection, gate: folder + encodeURIComponent(gate.file) };
  const uri = folder + encodeURIComponent(gate.manifest);
  return { selection: { kind: "manifest", uri }, gate: uri };
}

async function lookInto(
  context: StepContext,
  { place, at, room }: { readonly place: Place; readonly at: LookAt; readonly room: number },
  signal: AbortSignal,
): Promise<{ readonly waitsFor?: string; readonly files: readonly SourceObject[] }> {
  const { selection, gate } = place;
  const access = ownerAccess(context, { principal: at.principal, via: "schedule" });
  if (access !== undefined) checkSelection(access, selection);
  try {
    if (gate !== undefined) await listed(context, { kind: "keys", uris: [gate] }, { room, signal });
    const files = await listed(context, selection, { room, signal });
    // A manifest may name files of other places, and a link lead there.
    if (access !== undefined) for (const file of files) checkObject(access, file);
    return { files: files.filter(({ uri }) => !isGate(uri, at.target)) };
  } catch (error) {
    if (isBulkError(error, "ERR_SOURCE_NONE_MATCHED")) return { files: [] };
    // Of what is named one by one, such as a gate or by a manifest, all must be there.
    if (isBulkError(error, "ERR_SOURCE_NOT_FOUND"))
      return { waitsFor: String(error.fields.uri ?? gate ?? at.target.object), files: [] };
    throw error;
  }
}

/** Everything that a selection selects, while there is room for it. */
async function listed(
  { ports, settings }: StepContext,
  selection: SourceSelection,
  { room, signal }: { readonly room: number; readonly signal: AbortSignal },
): Promise<readonly SourceObject[]> {
  const found: SourceObject[] = [];
  for await (const object of ports.source.list(selection, { signal })) {
    if (found.length >= room) throw tooMany(object.uri, settings.filesPerLook);
    found.push(object);
  }
  return found;
}

function tooMany(uri: string, filesAllowed: number): BulkError {
  return new BulkError(
    "ERR_SOURCE_TOO_MANY",
    `there are more than ${filesAllowed} files, which are allowed in one look; ${uri} is over`,
    { fields: { uri, filesAllowed } },
  );
}

/** A marker such as `_SUCCESS` is no data, wherever below the prefix it lies. */
function isGate(uri: string, { gate }: ScheduleTarget): boolean {
  if (gate === undefined) return false;
  const name = "file" in gate ? gate.file : gate.manifest;
  return (
    uri.endsWith(`/${encodeURIComponent(name)}`) || decodeURIComponent(uri).endsWith(`/${name}`)
  );
}
