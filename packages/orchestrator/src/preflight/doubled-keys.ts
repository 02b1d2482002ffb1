/**
 * Finds primary keys that come twice anywhere in a load, in bounded memory: hashes are spread over
 * partitions that spill to scratch space, then each partition is looked through by itself. A
 * partition of more different keys than fit is spread again by the next byte of the hash; equal
 * keys take one place however often they come, so that always helps.
 *
 * Memory: 15 MB for the partitions of each level (one level up to 400 million different keys) and
 * at most `tableBytes` for the one looked through.
 */
import type { Finding, FindingsLog } from "@headgate/core";
import type { Scratch } from "../ports.ts";
import { createDoubledList, type DoubledKey, type DoubledList } from "./doubled-list.ts";
import { createEntryWriter, entryBytes, placeOf, wholeEntries } from "./key-entries.ts";
import { createKeyPartitions, type KeyPartitions } from "./key-partitions.ts";
import { createKeyTable, type KeyTable } from "./key-table.ts";

/** Most memory of the table that one partition is looked through with: 59 MB, 1.5 million keys. */
const defaultTableBytes = entryBytes * 2 ** 21;

export interface DoubledKeysOptions {
  readonly openScratch: () => Promise<Scratch>;
  /** The key's column, as findings name it. */
  readonly column: string;
  /** Default 59 MB. */
  readonly tableBytes?: number;
}

/** Takes the keys of one load, in order. */
export interface DoubledKeys {
  /** The keys that follow are of this source object. */
  beginSource(uri: string): void;
  add(key: Uint8Array, line: number): void;
  /** Writes away what memory should not hold; between two chunks. */
  flush(): Promise<void>;
  /** Once, after the last key: adds every later occurrence of a key to the findings. */
  report(findings: FindingsLog, signal: AbortSignal): Promise<void>;
  /** Gives scratch space back, whatever happened. */
  dispose(): Promise<void>;
}

/** A search at the first key of a load. Every method may throw ERR_SCRATCH. */
export function findDoubledKeys(options: DoubledKeysOptions): DoubledKeys {
  const { column, tableBytes = defaultTableBytes } = options;
  const uris: string[] = [];
  let scratch: Promise<Scratch> | undefined;
  const openScratch = () => (scratch ??= options.openScratch());
  const writeEntry = createEntryWriter();
  const all = createKeyPartitions({ openScratch, name: "keys", depth: 0 });

  function findingOf({ source, line, first }: DoubledKey): Finding {
    return {
      rule: "key_doubled",
      uri: uris[source] ?? "",
      line,
      column,
      first: { uri: uris[first.source] ?? "", line: first.line },
    };
  }

  return {
    beginSource: (uri) => void uris.push(uri),
    add(key, line) {
      writeEntry(key, { source: uris.length - 1, line }, all.next);
      all.commit();
    },
    flush: () => all.flush(),
    async report(findings, signal) {
      const found = createDoubledList();
      await search({ openScratch, table: createKeyTable(tableBytes), found, signal }, all);
      findings.addMany("key_doubled", found.count, found.first().map(findingOf));
    },
    async dispose() {
      // Where it could not be opened, that has been said and there is nothing to give back.
      await (await scratch?.catch(() => undefined))?.dispose();
    },
  };
}

interface Search {
  readonly openScratch: () => Promise<Scratch>;
  readonly table: KeyTable;
  readonly found: DoubledList;
  readonly signal: AbortSignal;
}

/** Looks through partition after partition; one that has too many keys is spread and searched in turn. */
async function search(options: Search, partitions: KeyPartitions): Promise<void> {
  const { openScratch, table, found, signal } = options;
  for (const [partition, entries] of partitions.sizes()) {
    const read = () => wholeEntries(partitions.read(partition, signal));
    table.clear(entries);
    const doubled = await doubledAmong(read(), table);
    if (doubled !== "full") found.merge(doubled);
    else {
      const finer = createKeyPartitions({
        openScratch,
        name: `${partitions.name}-${partition}`,
        depth: partitions.depth + 1,
      });
      await spread(read(), finer);
      await search(options, finer);
    }
  }
}

async function doubledAmong(
  pieces: AsyncIterable<Buffer>,
  table: KeyTable,
): Promise<DoubledList | "full"> {
  const doubled = createDoubledList();
  for await (const entries of pieces) {
    for (let at = 0; at < entries.length; at += entryBytes) {
      const first = table.meet(entries, at);
      if (first === "full") return "full";
      if (first !== "new") doubled.add({ ...placeOf(entries, at), first });
    }
  }
  return doubled;
}

async function spread(pieces: AsyncIterable<Buffer>, to: KeyPartitions): Promise<void> {
  for await (const entries of pieces) {
    for (let at = 0; at < entries.length; at += entryBytes) {
      entries.copy(to.next, 0, at, at + entryBytes);
      to.commit();
    }
    await to.flush();
  }
}
