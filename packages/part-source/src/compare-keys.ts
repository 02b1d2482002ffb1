/** Order of the bytes of two keys' UTF-8 forms: the order in which S3 lists. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
