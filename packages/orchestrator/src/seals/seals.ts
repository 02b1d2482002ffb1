/**
 * Seals say that headgate itself has written a record: HMAC-SHA-256 by a key that Redis never holds
 * over what may not change in it, its kind and its place. Whoever can write to Redis, by Bull Board or
 * by hand, can thus delay or drop work, but neither have other work done nor work under another name.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { BulkError, type Secret } from "@headgate/core";

/** Makes and checks seals. */
export interface Seals {
  make(facts: readonly string[]): string;
  /** Takes as long whichever byte of the seal is wrong. */
  fits(facts: readonly string[], seal: string): boolean;
}

/**
 * The first key seals; all of them check, so that keys can be replaced without a gap. Undefined where
 * there is none.
 */
export function createSeals(keys: readonly Secret[]): Seals | undefined {
  const [first] = keys;
  if (first === undefined) return undefined;
  return {
    make: (facts) => hmac(first, facts).toString("base64url"),
    fits(facts, seal) {
      const given = Buffer.from(seal, "base64url");
      return keys.some((key) => {
        const right = hmac(key, facts);
        return given.length === right.length && timingSafeEqual(given, right);
      });
    },
  };
}

function hmac(key: Secret, facts: readonly string[]): Buffer {
  return createHmac("sha256", key.reveal()).update(JSON.stringify(facts)).digest();
}

/** Where a record stands: seals of one connection or deployment are worth nothing in another. */
export interface SealPlace {
  readonly base: string;
  readonly seals?: Seals | undefined;
}

/** The seal of a record, whose facts begin with its kind and id; "" where no key is configured. */
export function sealOf({ base, seals }: SealPlace, facts: readonly string[]): string {
  return seals === undefined ? "" : seals.make([base, ...facts]);
}

/** Whether a seal is right; without a key every record counts as genuine. */
export function isGenuine(
  { base, seals }: SealPlace,
  facts: readonly string[],
  seal: string | undefined,
): boolean {
  return seals === undefined || seals.fits([base, ...facts], seal ?? "");
}

/** Ends the text of a sealed line; JSON never holds it. */
const separator = "\n";

/** An entry of a list, with its seal behind it. */
export function sealedLine(place: SealPlace, facts: readonly string[], text: string): string {
  const seal = sealOf(place, [...facts, text]);
  return seal === "" ? text : `${text}${separator}${seal}`;
}

/** The text of an entry; undefined where its seal is not right. */
export function openLine(
  place: SealPlace,
  facts: readonly string[],
  line: string,
): string | undefined {
  const [text = "", seal] = line.split(separator, 2);
  return isGenuine(place, [...facts, text], seal) ? text : undefined;
}

/** What can be refused for its seal. */
export type SealedKind = "load" | "task" | "run" | "schedule" | "errand";

/** An ERR_RECORD_TAMPERED. */
export function tampered(what: SealedKind, id: string): BulkError {
  return new BulkError(
    "ERR_RECORD_TAMPERED",
    `${what} ${id} is not as headgate wrote it: its seal does not fit`,
    { fields: { what, id } },
  );
}
