/**
 * Manifests in the shape of Amazon Redshift's COPY and UNLOAD:
 * `{"entries":[{"url":"s3://bucket/key","mandatory":true}]}`, with unknown extra fields let through.
 * Source: Amazon Redshift Database Developer Guide, "Using a manifest to specify data files".
 */
import { BulkError } from "@headgate/core";

export interface ManifestEntry {
  readonly url: string;
  /** Whether a missing object fails the load; false where the manifest does not say. */
  readonly mandatory: boolean;
}

/** Parses a manifest. Throws ERR_SOURCE_MANIFEST, naming `uri` and the entry that is wrong. */
export function parseManifest(content: Uint8Array, uri: string): readonly ManifestEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch {
    // No cause: the parser's message quotes the text, which may be anything but a manifest.
    throw manifestError(uri, "is not JSON in UTF-8");
  }
  if (!isRecord(value) || !Array.isArray(value.entries)) {
    throw manifestError(uri, 'has no list "entries"');
  }
  return value.entries.map((entry: unknown, index) => parseEntry(entry, index, uri));
}

/** An ERR_SOURCE_MANIFEST that names the manifest and what is wrong with it. */
export function manifestError(uri: string, problem: string, entry?: number): BulkError {
  const fields = entry === undefined ? { uri } : { uri, entry };
  return new BulkError("ERR_SOURCE_MANIFEST", `manifest ${uri} ${problem}`, { fields });
}

function parseEntry(entry: unknown, index: number, uri: string): ManifestEntry {
  if (!isRecord(entry)) throw manifestError(uri, `has an entry ${index} that is no object`, index);
  const { url, mandatory = false } = entry;
  if (typeof url !== "string") {
    throw manifestError(uri, `has an entry ${index} whose "url" is no text`, index);
  }
  if (typeof mandatory !== "boolean") {
    throw manifestError(
      uri,
      `has an entry ${index} whose "mandatory" is neither true nor false`,
      index,
    );
  }
  return { url, mandatory };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
