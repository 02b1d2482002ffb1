/** The keys of a Redis in memory: values, expiry by a clock that is handed in, copies to go back to. */
import type { EpochMs } from "@headgate/core";
import { wrongType } from "./reply.ts";
import { createSortedSet, type SortedSet } from "./sorted-set.ts";

export interface KeyspaceOptions {
  /** What TIME answers and keys expire by. */
  readonly clock: () => EpochMs;
  /** What SRANDMEMBER draws by: 0 <= n < 1. */
  readonly random: () => number;
}

export type Value =
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "hash"; readonly fields: Map<string, string> }
  | { readonly kind: "list"; readonly items: string[] }
  | { readonly kind: "set"; readonly members: Set<string> }
  | { readonly kind: "zset"; readonly sorted: SortedSet };

type Kind = Value["kind"];
type ValueOf<K extends Kind> = Extract<Value, { readonly kind: K }>;

interface Entry {
  readonly value: Value;
  readonly expiresAt: number | undefined;
}

/** A copy of all keys at one moment. It holds as long as one likes and can be restored many times. */
export interface Snapshot {
  readonly entries: ReadonlyMap<string, Entry>;
}

/** Keys that any number of clients share. A key without elements is never there, as in Redis. */
export class Keyspace {
  readonly random: () => number;
  readonly #clock: () => EpochMs;
  #entries = new Map<string, Entry>();
  #now: number;

  constructor({ clock, random }: KeyspaceOptions) {
    this.random = random;
    this.#clock = clock;
    this.#now = clock();
  }

  /** The instant of the command under way; time stands still while a script or a MULTI runs. */
  get now(): number {
    return this.#now;
  }

  /** Reads the clock for the next command. */
  tick(): void {
    this.#now = this.#clock();
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()].filter((key) => this.find(key) !== undefined);
  }

  find(key: string): Value | undefined {
    return this.#entry(key)?.value;
  }

  /** Throws WRONGTYPE where the key holds something else. */
  get<K extends Kind>(key: string, kind: K): ValueOf<K> | undefined {
    const value = this.find(key);
    if (value === undefined) return undefined;
    if (!isKind(value, kind)) throw wrongType();
    return value;
  }

  /** As `get`, and puts an empty value there if there is none. Whoever asks must fill it. */
  ensure<K extends Exclude<Kind, "string">>(key: string, kind: K): ValueOf<K> {
    const found = this.get(key, kind);
    if (found !== undefined) return found;
    const made = empty[kind]();
    this.put(key, made);
    return made;
  }

  /** Sets a value, by default without expiry. */
  put(key: string, value: Value, expiresAt?: number): void {
    this.#entries.set(key, { value, expiresAt });
  }

  delete(key: string): boolean {
    return this.find(key) !== undefined && this.#entries.delete(key);
  }

  /** To be called after elements were taken away. */
  deleteIfEmpty(key: string): void {
    const value = this.find(key);
    if (value !== undefined && sizeOf(value) === 0) this.#entries.delete(key);
  }

  expiryOf(key: string): number | undefined {
    return this.#entry(key)?.expiresAt;
  }

  /** Sets or takes away the expiry of a key that is there; one that has come deletes it at once. */
  expire(key: string, expiresAt: number | undefined): void {
    const value = this.find(key);
    if (value === undefined) return;
    if (expiresAt !== undefined && expiresAt <= this.#now) this.#entries.delete(key);
    else this.#entries.set(key, { value, expiresAt });
  }

  snapshot(): Snapshot {
    return { entries: structuredClone(this.#entries) };
  }

  /** Goes back to a copy, as a Redis does that comes up with older data. */
  restore({ entries }: Snapshot): void {
    this.#entries = structuredClone(new Map(entries));
  }

  /** Loses everything. */
  flush(): void {
    this.#entries.clear();
  }

  #entry(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry?.expiresAt === undefined || entry.expiresAt >= this.#now) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}

const empty: { readonly [K in Exclude<Kind, "string">]: () => ValueOf<K> } = {
  hash: () => ({ kind: "hash", fields: new Map() }),
  list: () => ({ kind: "list", items: [] }),
  set: () => ({ kind: "set", members: new Set() }),
  zset: () => ({ kind: "zset", sorted: createSortedSet() }),
};

function isKind<K extends Kind>(value: Value, kind: K): value is ValueOf<K> {
  return value.kind === kind;
}

function sizeOf(value: Value): number {
  switch (value.kind) {
    case "string":
      return 1;
    case "hash":
      return value.fields.size;
    case "list":
      return value.items.length;
    case "set":
      return value.members.size;
    case "zset":
      return value.sorted.scores.size;
  }
}
