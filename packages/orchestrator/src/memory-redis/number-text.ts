/** Numbers as C and with it Redis and Lua write and read them. */

/** `%.<digits>g` of printf. */
export function formatGeneral(value: number, digits: number): string {
  if (Number.isSafeInteger(value) && Math.abs(value) < 10 ** digits)
    return Object.is(value, -0) ? "-0" : String(value);
  if (!Number.isFinite(value)) return formatEndless(value);
  const [mantissa = "", power = "0"] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < digits)
    return withoutZeros(value.toFixed(Math.max(0, digits - 1 - exponent)));
  const sign = exponent < 0 ? "-" : "+";
  return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** `%.0f` of printf, which rounds halves to the even neighbour. */
export function formatWhole(value: number): string {
  if (!Number.isFinite(value)) return formatEndless(value);
  const below = Math.floor(value);
  const isHalf = value - below === 0.5;
  const whole = isHalf ? below + (below % 2 === 0 ? 0 : 1) : Math.round(value);
  if (whole === 0 && (value < 0 || Object.is(value, -0))) return "-0";
  return BigInt(whole).toString();
}

/** What C's strtod reads where it takes the whole text; undefined where it does not. */
export function parseNumber(text: string): number | undefined {
  if (decimal.test(text)) return Number(text);
  const [, sign, word] = endless.exec(text) ?? [];
  if (word === undefined) return undefined;
  if (word.toLowerCase() === "nan") return Number.NaN;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const endless = /^([+-]?)(inf|infinity|nan)$/i;

function formatEndless(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
