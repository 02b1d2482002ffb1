/** The allow-list of buckets: what a load may read, checked when it is listed and again when it is read. */
import { type Address, BulkError, formatUri, uriError } from "@headgate/core";

/** Throws ERR_SOURCE_URI unless the address lies in one of the allowed places. */
export type AddressCheck = (address: Address) => void;

/**
 * Makes the check from entries `bucket` and `bucket/folder/`; without a list every bucket is allowed.
 * Throws ERR_CONFIG for an entry with a folder that does not end with a slash, because `bucket/a`
 * would also allow `bucket/ab`.
 */
export function allowBuckets(allowed: readonly string[] | undefined): AddressCheck {
  if (allowed === undefined) return () => {};
  const places = allowed.map((entry) => {
    const slash = entry.indexOf("/");
    if (slash === 0 || entry === "" || (slash > 0 && !entry.endsWith("/"))) {
      throw new BulkError(
        "ERR_CONFIG",
        `allowed bucket "${entry}" is neither "bucket" nor "bucket/folder/"`,
        {
          fields: { entry },
        },
      );
    }
    return slash < 0 ? `${entry}/` : entry;
  });
  return (address) => {
    const place = `${address.container}/${address.key}`;
    if (!places.some((start) => place.startsWith(start))) {
      throw uriError(formatUri(address), "is outside the allowed buckets");
    }
  };
}
