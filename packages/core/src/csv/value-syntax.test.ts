import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertyRuns } from "./property-runs.test-support.ts";
import { valueSyntax } from "./value-syntax.ts";

/** Judged within other bytes, which must play no role. */
function takes(type: keyof typeof valueSyntax, value: string): boolean {
  const text = new TextEncoder().encode(`19${value}90Z`);
  return valueSyntax[type](text, 2, text.length - 3);
}

/** Judges as `takes` does, by regular expressions and the language's own calendar. */
const models: Readonly<Record<keyof typeof valueSyntax, (value: string) => boolean>> = {
  number: (value) => /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value),
  boolean: (value) => value === "true" || value === "false",
  date: isDate,
  "date-time": (value) =>
    isDate(value.slice(0, 10)) &&
    /^T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{3})?Z$/.test(value.slice(10)),
};

function isDate(value: string): boolean {
  const instant = new Date(`${value}T00:00:00Z`);
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(value) &&
    value >= "0001" &&
    !Number.isNaN(instant.getTime()) &&
    instant.toISOString().startsWith(value)
  );
}

describe("number", () => {
  test.each(["0", "-1", "+1", "007", "12.50", ".5", "5.", "1e5", "1.5E-10", "9".repeat(400)])(
    "is %s",
    (value) => expect(takes("number", value)).toBe(true),
  );
  test.each([
    "-",
    "+",
    ".",
    "e5",
    "1e",
    "1e+",
    "1,5",
    "1 000",
    " 1",
    "1 ",
    "0x1",
    "NaN",
    "∞",
    "١",
    "1-",
    '1""',
  ])("is not %s", (value) => expect(takes("number", value)).toBe(false));
  test.each(["1.5", "1e5", "1E5"])("ends before what would go on with it, as the 1 of %s", (text) =>
    expect(valueSyntax.number(new TextEncoder().encode(text), 0, 1)).toBe(true),
  );
});

describe("boolean", () => {
  test.each(["true", "false"])("is %s", (value) => expect(takes("boolean", value)).toBe(true));
  test.each(["TRUE", "False", "1", "0", "yes", "t", "truer", "tru", " true"])(
    "is not %s",
    (value) => expect(takes("boolean", value)).toBe(false),
  );
});

describe("date", () => {
  test.each(["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "2026-04-30"])(
    "is %s",
    (value) => expect(takes("date", value)).toBe(true),
  );
  test.each([
    "2023-02-29",
    "1900-02-29",
    "2024-04-31",
    "2024-06-31",
    "2024-09-31",
    "2024-11-31",
    "2024-0:-01",
    "x024-01-01",
    "20x4-01-01",
    "2024/01-01",
    "2024-01/01",
    "2024-13-01",
    "2024-00-10",
    "2024-01-00",
    "0000-01-01",
    "2024-1-1",
    "24-01-01",
    "2024/01/01",
    "01.02.2024",
    "20240101",
    "2024-01-01T00:00:00Z",
    "2024-01-0a",
    "+2024-01-1",
  ])("is not %s", (value) => expect(takes("date", value)).toBe(false));
});

describe("date-time", () => {
  test.each(["2024-02-29T00:00:00Z", "2024-02-29T23:59:59.999Z"])("is %s", (value) =>
    expect(takes("date-time", value)).toBe(true),
  );
  test.each([
    "2024-02-29",
    "2024-02-29 00:00:00Z",
    "2024-02-29T00:00:00",
    "2024-02-29T00:00:00+00:00",
    "2024-02-29T00:00:00z",
    "2024-02-29t00:00:00Z",
    "2024-02-30T00:00:00Z",
    "2024-02-29T24:00:00Z",
    "2024-02-29T00:60:00Z",
    "2024-02-29T00:00:60Z",
    "2024-02-29T00:00Z",
    "2024-02-29T00-00:00Z",
    "2024-02-29T00:00-00Z",
    "2024-02-29T/9:00:00Z",
    "2024-02-29T00:00:00.a23Z",
    "2024-02-29T00:00:00.1a3Z",
    "2024-02-29T00:00:00.1Z",
    "2024-02-29T00:00:00.123456Z",
    "2024-02-29T00:00:00,123Z",
    "2024-02-29T00:00:00.12aZ",
  ])("is not %s", (value) => expect(takes("date-time", value)).toBe(false));
});

test.each(["number", "boolean", "date", "date-time"] as const)(
  "%s agrees with a model on values that are nearly right",
  (type) => {
    const digits = (length: number) =>
      fc.string({ unit: fc.constantFrom(..."0123"), minLength: length, maxLength: length });
    const date = fc.tuple(digits(4), digits(2), digits(2)).map((all) => all.join("-"));
    const time = fc.tuple(digits(2), digits(2), digits(2)).map((all) => all.join(":"));
    const millis = fc.constantFrom("", ".000", ".12", ".");
    const near = fc.oneof(
      date,
      fc.tuple(date, time, millis).map(([day, hour, rest]) => `${day}T${hour}${rest}Z`),
      fc.string({ unit: fc.constantFrom(..."019.eE+-"), minLength: 1, maxLength: 6 }),
      fc.constantFrom("true", "false"),
      fc.string({ minLength: 1 }),
    );
    const spoilt = fc.tuple(near, fc.nat(30), fc.constantFrom("", "0", "-", "T", "Z", " ", "é"));
    fc.assert(
      fc.property(spoilt, ([value, at, more]) => {
        const tried = value.slice(0, at) + more + value.slice(at);
        fc.pre(tried !== "");
        expect(takes(type, tried)).toBe(models[type](tried));
      }),
      { numRuns: propertyRuns(2000) },
    );
  },
);
