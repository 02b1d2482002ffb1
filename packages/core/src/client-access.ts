/**
 * What a client may do. Checked at the door, and again by the worker that reads the sources, so
 * that a request which went around the door gets no further.
 */
import { BulkError } from "./errors.ts";
import type { SourceObject } from "./part.ts";
import type { SourceSelection } from "./source-selection.ts";

/**
 * `enqueue`: bring loads, and see and cancel its own. `read`: see everyone's loads, quota, schedules
 * and bulk jobs. `operate`: cancel and retry everyone's loads, run, pause and resume schedules, abort
 * bulk jobs. `admin`: make and delete schedules.
 */
export const scopes = ["enqueue", "read", "operate", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** The limits of one client. */
export interface ClientLimits {
  /** Requests a minute. Default 600. */
  readonly requestsPerMinute: number;
  /** Loads that have not ended. Default 10,000. */
  readonly pendingLoads: number;
}

/** One client of the API, by name the principal of its loads. */
export interface ClientAccess {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Connections it may name; undefined: all. */
  readonly connections: readonly string[] | undefined;
  /** `s3://bucket/`, `s3://bucket/folder/`, `file:///folder/`, each ending in a slash; undefined: all. */
  readonly sources: readonly string[] | undefined;
  /** Where the files that it sends lie. Those of other clients lie beside it, and are closed to it. */
  readonly uploads?: string | undefined;
  readonly limits: ClientLimits;
}

/**
 * The client with the place where the files that it sends lie, `file:///folder/<client>/`: it may
 * load from there, and from nowhere else in that folder, whatever its `sources` are.
 */
export function withPlace(client: ClientAccess, place: string): ClientAccess {
  const { sources } = client;
  return { ...client, sources: sources && [...sources, place], uploads: place };
}

/** Throws ERR_CLIENT_FORBIDDEN unless the client may name the connection. */
export function checkConnection(client: ClientAccess, connection: string): void {
  const { name, connections } = client;
  if (connections === undefined || connections.includes(connection)) return;
  throw new BulkError(
    "ERR_CLIENT_FORBIDDEN",
    `client "${name}" may not use connection "${connection}"; it may use: ${connections.join(", ") || "none"}`,
    { fields: { client: name, connection } },
  );
}

type ClientPlaces = Pick<ClientAccess, "name" | "sources" | "uploads">;

/** Throws ERR_SOURCE_NOT_ALLOWED unless the URI lies in one of the client's places. */
export function checkSource(client: ClientPlaces, uri: string): void {
  checkPlace(client, uri, uri);
}

/** Throws ERR_SOURCE_NOT_ALLOWED unless the object lies in one of the client's places, as written and really. */
export function checkObject(
  client: ClientPlaces,
  { uri, realUri = uri }: Pick<SourceObject, "uri" | "realUri">,
): void {
  checkSource(client, uri);
  checkPlace(client, uri, realUri);
}

/**
 * Throws ERR_SOURCE_NOT_ALLOWED unless every URI that the selection names lies in one of the
 * client's places; of a prefix and a glob, the start that all their objects share. What a manifest
 * lists and what a store answers is to be checked object by object.
 */
export function checkSelection(client: ClientPlaces, selection: SourceSelection): void {
  if (selection.kind === "glob") checkPlace(client, selection.uri, fixedStart(selection.uri));
  else for (const uri of urisOf(selection)) checkSource(client, uri);
}

function urisOf(selection: SourceSelection): readonly string[] {
  return selection.kind === "keys" ? selection.uris : [selection.uri];
}

/** A glob's text before its first wildcard; an encoded one stands for itself. */
function fixedStart(glob: string): string {
  return /^[^*?[{]*/.exec(glob)?.[0] ?? "";
}

function checkPlace({ name, sources, uploads }: ClientPlaces, uri: string, start: string): void {
  const isInPlace = sources === undefined || sources.some((place) => liesIn(start, place));
  if (isInPlace && (uploads === undefined || !isOthersUpload(start, uploads))) return;
  const places = sources?.join(", ") ?? "anywhere but where other clients' files lie";
  throw new BulkError(
    "ERR_SOURCE_NOT_ALLOWED",
    `client "${name}" may not load ${uri}; it may load from: ${places || "nowhere"}`,
    { fields: { client: name, uri } },
  );
}

/**
 * Whether a file lies beside the client's own place, however many slashes its path has. One whose path
 * cannot be decoded may lie anywhere, so it counts as lying there.
 */
function isOthersUpload(uri: string, own: string): boolean {
  const [path, place] = [uri, own].map((text) => decoded(text)?.replaceAll(/\/+/g, "/"));
  if (path === undefined || place === undefined) return true;
  if (path.startsWith(place)) return false;
  return path.startsWith(place.slice(0, place.lastIndexOf("/", place.length - 2) + 1));
}

/**
 * Compares keys as the stores read them, decoded once, so that every spelling of a URI is the same
 * URI. A path with a segment "." or ".." could lead out of the place, so it never lies in one.
 */
function liesIn(uri: string, place: string): boolean {
  const [key, start] = [decoded(uri), decoded(place)];
  if (key === undefined || start === undefined || !key.startsWith(start)) return false;
  return !key
    .slice(start.length)
    .split("/")
    .some((segment) => segment === "." || segment === "..");
}

function decoded(uri: string): string | undefined {
  try {
    return decodeURIComponent(uri);
  } catch {
    return undefined;
  }
}
