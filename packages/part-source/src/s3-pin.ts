/** Pins of S3 objects: the ETag, quotes included, and behind a blank the version id where there is one. */
import { BulkError } from "@headgate/core";

export interface S3Pin {
  readonly etag: string;
  readonly versionId?: string;
}

const shape = /^(\S+)(?: (\S+))?$/;

/** Writes a pin. */
export function formatS3Pin({ etag, versionId }: S3Pin): string {
  return versionId === undefined ? etag : `${etag} ${versionId}`;
}

/** Reads what `formatS3Pin` wrote. Throws ERR_SOURCE_CHANGED for anything else, naming `uri`. */
export function parseS3Pin(pin: string, uri: string): S3Pin {
  const match = shape.exec(pin);
  const [, etag, versionId] = match ?? [];
  if (etag === undefined) {
    throw new BulkError("ERR_SOURCE_CHANGED", `${uri} has a pin that S3 does not know`, {
      fields: { uri },
    });
  }
  return versionId === undefined ? { etag } : { etag, versionId };
}
