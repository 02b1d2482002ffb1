/** Finding, listing and pinning in S3. */
import {
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
} from "@aws-sdk/client-s3";
import {
  type Address,
  BulkError,
  bytes,
  formatUri,
  isBulkError,
  type SourceObject,
  uriError,
} from "@headgate/core";
import { compareKeys } from "./compare-keys.ts";
import { mapInOrder } from "./map-in-order.ts";
import { type S3Context, settled } from "./s3-context.ts";
import { formatS3Pin } from "./s3-pin.ts";
import { lookupsAtATime } from "./select-objects.ts";
import type { SourceOptions } from "./source-store.ts";

/** What a listing tells of an object; S3 lists no version ids. */
export interface ListedS3Object {
  readonly key: string;
  readonly size: number;
  readonly etag: string | undefined;
}

/** One HEAD: pins the object, or answers undefined where there is none. */
export async function findInS3(
  context: S3Context,
  address: Address,
  options: SourceOptions,
): Promise<SourceObject | undefined> {
  context.checkAllowed(address);
  if (address.key === "") throw uriError(formatUri(address), "names a bucket and no key");
  try {
    return (await headObject(context, address, options)).object;
  } catch (error) {
    if (isBulkError(error, "ERR_SOURCE_NOT_FOUND")) return undefined;
    throw error;
  }
}

/**
 * Lists page by page, in the order of the keys' UTF-8 bytes, which S3 promises and which is checked.
 * Leaves out "folder markers": empty objects whose keys end with a slash.
 */
export async function* walkS3(
  context: S3Context,
  start: Address,
  options: SourceOptions,
): AsyncGenerator<ListedS3Object> {
  context.checkAllowed(start);
  let previous: string | undefined;
  let token: string | undefined;
  do {
    const page = await listPage(context, { start, token, options });
    for (const { Key = "", Size = 0, ETag: etag } of page.Contents ?? []) {
      const key =
        page.EncodingType === "url" ? decodeURIComponent(Key.replaceAll("+", "%20")) : Key;
      if (previous !== undefined && compareKeys(previous, key) >= 0) throw outOfOrder(start, key);
      previous = key;
      if (!(key.endsWith("/") && Size === 0)) yield { key, size: Size, etag };
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    if (page.IsTruncated === true && token === undefined) throw brokenOff(start);
  } while (token !== undefined);
}

/**
 * Pins by what the listing told, unless the bucket keeps versions: then one HEAD an object, because
 * only that tells the version id.
 */
export function pinS3(
  context: S3Context,
  start: Address,
  {
    listed,
    options,
  }: { readonly listed: AsyncIterable<ListedS3Object>; readonly options: SourceOptions },
): AsyncIterable<SourceObject> {
  let mayKeepVersions = context.useVersions;
  return mapInOrder(listed, lookupsAtATime, async ({ key, size, etag }) => {
    const address = { ...start, key };
    if (!mayKeepVersions && etag !== undefined) {
      return { uri: formatUri(address), bytes: bytes(size), pin: formatS3Pin({ etag }) };
    }
    const { object, keepsVersions } = await headObject(context, address, options);
    mayKeepVersions = context.useVersions && keepsVersions;
    return object;
  });
}

async function headObject(
  context: S3Context,
  address: Address,
  { signal }: SourceOptions,
): Promise<{ readonly object: SourceObject; readonly keepsVersions: boolean }> {
  const uri = formatUri(address);
  const command = new HeadObjectCommand({
    Bucket: address.container,
    Key: address.key,
    ...context.everyCall,
  });
  const call = context.client.send(command, { abortSignal: signal });
  const about = { doing: `looking up ${uri}`, uri, pinned: false, signal };
  const { ETag: etag, ContentLength, VersionId } = await settled(context, call, about);
  if (etag === undefined || ContentLength === undefined) {
    throw new BulkError("ERR_SOURCE_UNREADABLE", `the store tells no ETag or length of ${uri}`, {
      fields: { uri },
    });
  }
  // "null" is the version of objects written while a bucket does not keep versions: it can be overwritten.
  const versioned = context.useVersions && VersionId !== undefined && VersionId !== "null";
  const pin = formatS3Pin(versioned ? { etag, versionId: VersionId } : { etag });
  return {
    object: { uri, bytes: bytes(ContentLength), pin },
    keepsVersions: VersionId !== undefined,
  };
}

async function listPage(
  context: S3Context,
  {
    start,
    token,
    options: { signal },
  }: {
    readonly start: Address;
    readonly token: string | undefined;
    readonly options: SourceOptions;
  },
): Promise<ListObjectsV2CommandOutput> {
  const uri = formatUri(start);
  const command = new ListObjectsV2Command({
    Bucket: start.container,
    Prefix: start.key,
    MaxKeys: context.pageKeys,
    // Keys may hold characters that XML cannot.
    EncodingType: "url",
    ...(token === undefined ? {} : { ContinuationToken: token }),
    ...context.everyCall,
  });
  const call = context.client.send(command, { abortSignal: signal });
  return settled(context, call, { doing: `listing ${uri}`, uri, pinned: false, signal });
}

function outOfOrder(start: Address, key: string): BulkError {
  const uri = formatUri({ ...start, key });
  return new BulkError("ERR_SOURCE_UNREADABLE", `the store lists ${uri} twice or out of order`, {
    fields: { uri },
  });
}

function brokenOff(start: Address): BulkError {
  const uri = formatUri(start);
  return new BulkError("ERR_SOURCE_UNREADABLE", `the listing of ${uri} breaks off`, {
    fields: { uri },
  });
}
