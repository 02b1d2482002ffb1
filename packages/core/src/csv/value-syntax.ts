/**
 * Which texts a typed field takes, judged on the bytes of one value without its quotes. All that
 * the documentation does not show is refused, for what cannot be read becomes null in silence.
 */
import type { FieldType } from "../connector-catalogue.ts";

/** Whether the bytes from `from` to before `to`, at least one, are such a value. */
export type ValueSyntax = (text: Uint8Array, from: number, to: number) => boolean;

/**
 * The syntax of each type that has one.
 *
 * - number: decimal digits with an optional sign, point and exponent, as Java's BigDecimal reads.
 * - boolean: `true` or `false`, the spellings of the documentation's samples.
 * - date: yyyy-MM-dd, a day of the calendar from year 1 on.
 * - date-time: yyyy-MM-ddTHH:mm:ssZ or yyyy-MM-ddTHH:mm:ss.SSSZ, in UTC, without leap seconds.
 *
 * Source: "Bulk Ingestion" (dates and date-times); its samples (numbers, booleans).
 */
export const valueSyntax: Readonly<Record<Exclude<FieldType, "text">, ValueSyntax>> = {
  number: isNumber,
  boolean: isBoolean,
  date: (text, from, to) => to - from === 10 && isDateAt(text, from),
  "date-time": isDateTime,
};

const point = 0x2e;
const plus = 0x2b;
const minus = 0x2d;
const colon = 0x3a;
const letterT = 0x54;
const letterZ = 0x5a;
const lowerE = 0x65;
/** Turns an ASCII capital into its small letter. */
const small = 0x20;

function isNumber(text: Uint8Array, from: number, to: number): boolean {
  const whole = afterSign(text, from);
  let end = afterDigits(text, whole, to);
  let digits = end - whole;
  if (end < to && text[end] === point) {
    const fraction = end + 1;
    end = afterDigits(text, fraction, to);
    digits += end - fraction;
  }
  if (digits === 0) return false;
  if (end < to && (byteAt(text, end) | small) === lowerE) {
    const exponent = afterSign(text, end + 1);
    end = afterDigits(text, exponent, to);
    if (end === exponent) return false;
  }
  return end === to;
}

function afterSign(text: Uint8Array, at: number): number {
  return text[at] === plus || text[at] === minus ? at + 1 : at;
}

function afterDigits(text: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isDigit(byteAt(text, at))) at++;
  return at;
}

function isBoolean(text: Uint8Array, from: number, to: number): boolean {
  return isWord(text, from, to, wordTrue) || isWord(text, from, to, wordFalse);
}

const wordTrue = Uint8Array.of(0x74, 0x72, 0x75, 0x65);
const wordFalse = Uint8Array.of(0x66, 0x61, 0x6c, 0x73, 0x65);

function isWord(text: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  return to - from === word.length && word.every((byte, index) => text[from + index] === byte);
}

function isDateTime(text: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  const hasMillis = length === 24;
  if (length !== 20 && !hasMillis) return false;
  return (
    isDateAt(text, from) &&
    text[from + 10] === letterT &&
    numberAt(text, from + 11, 2) < 24 &&
    text[from + 13] === colon &&
    numberAt(text, from + 14, 2) < 60 &&
    text[from + 16] === colon &&
    numberAt(text, from + 17, 2) < 60 &&
    (!hasMillis || (text[from + 19] === point && numberAt(text, from + 20, 3) < 1000)) &&
    text[to - 1] === letterZ
  );
}

function isDateAt(text: Uint8Array, at: number): boolean {
  const year = numberAt(text, at, 4);
  const month = numberAt(text, at + 5, 2);
  const day = numberAt(text, at + 8, 2);
  return (
    text[at + 4] === minus &&
    text[at + 7] === minus &&
    1 <= year &&
    year <= 9999 &&
    1 <= month &&
    month <= 12 &&
    1 <= day &&
    day <= daysOf(year, month)
  );
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The number that `count` digits write; infinite where they are not all digits. */
function numberAt(text: Uint8Array, from: number, count: number): number {
  let number = 0;
  for (let at = from; at < from + count; at++) {
    const byte = byteAt(text, at);
    if (!isDigit(byte)) return Number.POSITIVE_INFINITY;
    number = number * 10 + byte - 0x30;
  }
  return number;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** 0, which no rule takes, after the last byte. */
function byteAt(text: Uint8Array, at: number): number {
  return text[at] ?? 0;
}
