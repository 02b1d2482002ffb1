/** Numbers as C and with it Redis and Lua write and read them. */

/** `%.<digits>g` of printf. */
export function formatGeneral(value: number, digits: number): string {
  if (Number.isSafeInteger(value) && Math.abs(value) < 10 ** digits)
    return Object.is(value, -0) ? "-0" : String(value);
  if (!Number.isFinite(value)) return formatEndless(value);
  const [mantissa = "", power = "0"] = rounded(value, digits).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? "-" : "+";
    return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const sign = mantissa.startsWith("-") ? "-" : "";
  const shown = mantissa.replace(/[-.]/g, "").padStart(digits - Math.min(exponent, 0), "0");
  const whole = Math.max(exponent, 0) + 1;
  return `${sign}${withoutZeros(`${shown.slice(0, whole)}.${shown.slice(whole)}`)}`;
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

/** As toExponential, but where two neighbours are equally near it is the even one, as in C. */
function rounded(value: number, digits: number): string {
  const [exact = "", power] = value.toExponential(100).split("e");
  const kept = digits + (value < 0 ? 2 : 1);
  if (/^50*$/.test(exact.slice(kept)) && /[02468]$/.test(exact.slice(0, kept)))
    return `${exact.slice(0, kept)}e${power}`;
  return value.toExponential(digits - 1);
}

function formatEndless(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0*$/, "") : text;
}
