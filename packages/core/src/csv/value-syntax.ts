/**
 * Which texts a typed field takes, judged on the bytes of one value without its quotes. All that
 * the documentation does not show is refused, for what cannot be read becomes null in silence.
 */
import type { FieldType } from "../connector-catalogue.ts";

/**
 * Whether the bytes from `from` to before `to`, at least one, are such a value. The parameters are
 * positional because this runs once a value.
 */
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
  if (to - from !== word.length) return false;
  for (let at = 0; at < word.length; at++) if (text[from + at] !== word[at]) return false;
  return true;
}

function isDateTime(text: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  if (length !== 20 && length !== 24) return false;
  return (
    isDateAt(text, from) &&
    text[from + 10] === letterT &&
    twoDigits(text, from + 11) < 24 &&
    text[from + 13] === colon &&
    twoDigits(text, from + 14) < 60 &&
    text[from + 16] === colon &&
    twoDigits(text, from + 17) < 60 &&
    (length === 20 || areMillisAt(text, from + 19)) &&
    text[to - 1] === letterZ
  );
}

function areMillisAt(text: Uint8Array, at: number): boolean {
  return text[at] === point && twoDigits(text, at + 1) < 100 && isDigit(byteAt(text, at + 3));
}

function isDateAt(text: Uint8Array, at: number): boolean {
  const century = twoDigits(text, at);
  const yearOfCentury = twoDigits(text, at + 2);
  if (century === noNumber || yearOfCentury === noNumber) return false;
  const year = 100 * century + yearOfCentury;
  const month = twoDigits(text, at + 5);
  const day = twoDigits(text, at + 8);
  return (
    text[at + 4] === minus &&
    text[at + 7] === minus &&
    1 <= year &&
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

/** Larger than any two digits. */
const noNumber = 100;

/** The number that two digits write, or `noNumber`. */
function twoDigits(text: Uint8Array, at: number): number {
  const tens = byteAt(text, at);
  const ones = byteAt(text, at + 1);
  return isDigit(tens) && isDigit(ones) ? 10 * tens + ones - 11 * 0x30 : noNumber;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** 0, which no rule takes, after the last byte. */
function byteAt(text: Uint8Array, at: number): number {
  return text[at] ?? 0;
}
