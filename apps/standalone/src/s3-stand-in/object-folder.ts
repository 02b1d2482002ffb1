/**
 * Buckets and objects in a folder. One object is two files: `content/<random>` and
 * `objects/<hash of key>.json`, which names it; replacing the second by a rename makes a put atomic.
 * What is under a name is kept in memory too, so one folder serves one process at a time.
 */
import { createHash, randomUUID } from "node:crypto";
import { renameSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { S3Failure } from "./s3-failure.ts";

/** What is known of a stored object. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  /** Base64; absent for objects put in parts. */
  readonly crc32?: string;
  readonly contentType: string;
  /** ISO 8601. */
  readonly lastModified: string;
  /** Name of the content's file. */
  readonly content: string;
  /** Works out the content in place of its file. */
  readonly generate?: GeneratedObject["generate"];
}

/** An object that is stored nowhere: its bytes are worked out whenever they are read. */
export interface GeneratedObject {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  /** Bytes `from` (included) to `to` (excluded), always the same ones. */
  readonly generate: (from: number, to: number) => Iterable<Uint8Array>;
}

/** Objects of one bucket. */
export interface Bucket {
  readonly folder: string;
  readonly objects: Map<string, StoredObject>;
  /** Keys in UTF-8 order; built when a listing needs it and dropped when a key comes or goes. */
  sortedKeys: readonly string[] | undefined;
}

/** All buckets of a server. */
export interface ObjectFolder {
  readonly root: string;
  readonly buckets: Map<string, Bucket>;
}

/** Opens a folder and reads what earlier runs left there. */
export async function openObjectFolder(root: string): Promise<ObjectFolder> {
  await mkdir(root, { recursive: true });
  const buckets = new Map<string, Bucket>();
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (entry.isDirectory()) buckets.set(entry.name, await openBucket(join(root, entry.name)));
  }
  return { root, buckets };
}

/** Makes an empty bucket. Throws S3Failure BucketAlreadyOwnedByYou. */
export async function createBucket(store: ObjectFolder, name: string): Promise<void> {
  if (store.buckets.has(name)) {
    throw new S3Failure("BucketAlreadyOwnedByYou", "You already have a bucket of this name.");
  }
  store.buckets.set(name, await openBucket(join(store.root, name)));
}

/** Throws S3Failure NoSuchBucket. */
export function bucketOf(store: ObjectFolder, name: string): Bucket {
  const bucket = store.buckets.get(name);
  if (bucket === undefined)
    throw new S3Failure("NoSuchBucket", "The specified bucket does not exist");
  return bucket;
}

/** Throws S3Failure NoSuchKey. */
export function objectOf(bucket: Bucket, key: string): StoredObject {
  const object = bucket.objects.get(key);
  if (object === undefined) throw new S3Failure("NoSuchKey", "The specified key does not exist.");
  return object;
}

/** A name for a content file that nothing has yet. */
export function newContentName(): string {
  return randomUUID();
}

export function contentPath(bucket: Bucket, content: string): string {
  return join(bucket.folder, "content", content);
}

/**
 * Puts an object whose content is already in its file. `check` runs at the moment of replacement and
 * may throw to refuse it, which also removes the content.
 */
export async function commitObject(
  bucket: Bucket,
  object: StoredObject,
  check: (present: StoredObject | undefined) => void,
): Promise<void> {
  const path = describingFile(bucket, object.key);
  const draft = contentPath(bucket, `${object.content}.json`);
  await writeFile(draft, JSON.stringify(object));
  const present = bucket.objects.get(object.key);
  try {
    check(present);
  } catch (error) {
    await Promise.all([rm(draft), rm(contentPath(bucket, object.content))]);
    throw error;
  }
  // In one step with the memory, so that two puts of one key cannot end in different orders.
  renameSync(draft, path);
  bucket.objects.set(object.key, object);
  if (present === undefined) bucket.sortedKeys = undefined;
  // Those who are reading the old content hold it open.
  if (present !== undefined) await rm(contentPath(bucket, present.content), { force: true });
}

/** Lists an object that is stored nowhere, in a bucket that is made if missing. */
export async function addGenerated(store: ObjectFolder, object: GeneratedObject): Promise<void> {
  const { bucket: name, key, bytes, etag, generate } = object;
  if (!store.buckets.has(name)) await createBucket(store, name);
  const bucket = bucketOf(store, name);
  bucket.objects.set(key, {
    ...{ key, bytes, etag, generate, contentType: "text/csv" },
    lastModified: new Date().toISOString(),
    content: newContentName(),
  });
  bucket.sortedKeys = undefined;
}

/** Removes an object; to remove what is not there is no failure, as in S3. */
export async function removeObject(bucket: Bucket, key: string): Promise<void> {
  const object = bucket.objects.get(key);
  if (object === undefined) return;
  bucket.objects.delete(key);
  bucket.sortedKeys = undefined;
  await rm(describingFile(bucket, key), { force: true });
  await rm(contentPath(bucket, object.content), { force: true });
}

/** All keys in the order of their UTF-8 bytes. */
export function sortedKeys(bucket: Bucket): readonly string[] {
  bucket.sortedKeys ??= [...bucket.objects.keys()]
    .map((key) => ({ key, utf8: Buffer.from(key) }))
    .sort((a, b) => Buffer.compare(a.utf8, b.utf8))
    .map(({ key }) => key);
  return bucket.sortedKeys;
}

function describingFile(bucket: Bucket, key: string): string {
  const hash = createHash("sha256").update(key).digest("hex");
  return join(bucket.folder, "objects", `${hash}.json`);
}

async function openBucket(folder: string): Promise<Bucket> {
  await mkdir(join(folder, "content"), { recursive: true });
  await mkdir(join(folder, "objects"), { recursive: true });
  const objects = new Map<string, StoredObject>();
  for (const name of await readdir(join(folder, "objects"))) {
    const object: StoredObject = JSON.parse(await readFile(join(folder, "objects", name), "utf8"));
    objects.set(object.key, object);
  }
  return { folder, objects, sortedKeys: undefined };
}
