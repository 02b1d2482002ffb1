/**
 * Reads a list whole though it moves between pages: entries leave it and change places (the order
 * is by `systemModstamp`), there is no total and no link to the next page.
 */

export interface PageRequest {
  readonly limit: number;
  readonly offset: number;
}

/** Entries that two neighbouring pages share, so that a list that shrinks meanwhile hides none. */
export const pageOverlap = 10;
/** Passes over a list of several pages before it counts as never at rest. */
export const maxPasses = 5;

/**
 * All entries by id. A list that fits one page is read once; a longer one in overlapping pages
 * until two passes show the same ids. Undefined where `maxPasses` passes did not come to rest.
 */
export async function readAllPages<T extends { readonly id: string }>(
  limit: number,
  readPage: (request: PageRequest) => Promise<readonly T[]>,
): Promise<ReadonlyMap<string, T> | undefined> {
  let earlier: ReadonlyMap<string, T> | undefined;
  for (let pass = 1; pass <= maxPasses; pass += 1) {
    const { entries, pages } = await readPass(limit, readPage);
    if (pages === 1 || (earlier !== undefined && sameIds(earlier, entries))) return entries;
    earlier = entries;
  }
  return undefined;
}

async function readPass<T extends { readonly id: string }>(
  limit: number,
  readPage: (request: PageRequest) => Promise<readonly T[]>,
): Promise<{ entries: Map<string, T>; pages: number }> {
  const entries = new Map<string, T>();
  for (let pages = 1; ; pages += 1) {
    const offset = (pages - 1) * (limit - pageOverlap);
    const page = await readPage({ limit, offset });
    for (const entry of page) entries.set(entry.id, entry);
    if (page.length < limit) return { entries, pages };
  }
}

function sameIds(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((id) => b.has(id));
}
