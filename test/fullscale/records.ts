/** Records such as customers have them: ids, amounts, instants, and texts of four kinds. */

/** `plain`: nothing is quoted; `quoted`: all texts are; `lines`: notes of several lines; `long`: of 3 KB. */
export const styles = ["plain", "quoted", "lines", "long"] as const;
export type Style = (typeof styles)[number];

/** No record is longer than this, in bytes. */
export const maxRecordBytes = 4_000;

/** The columns of every object. */
export const columns = {
  id: "string",
  customer: "string",
  amount: "number",
  placed_at: "date-time",
  note: "string",
} as const;

/** A record with its LF. The id comes first and unquoted; the rest follows from number and style. */
export function recordOf(id: string, number: number, style: Style): string {
  const mixed = mix(number);
  const customer = pick(customers, mixed);
  const amount = ((mixed % 1_000_000) / 100).toFixed(2);
  const placedAt = new Date(1_700_000_000_000 + mixed).toISOString();
  const note = noteOf(mixed, style);
  const texts =
    style === "plain" ? [customer.replaceAll(/[",]/g, ""), note] : [quote(customer), quote(note)];
  return `${[id, texts[0], amount, placedAt, texts[1]].join(",")}\n`;
}

const customers = ["Acme, Inc.", 'The "Mill" Ltd', "Söder & Söhne", "東京水道", "Nile"];
const plainNotes = ["", "rush", "second delivery after a call", "écluse fermée"];
const lines = [
  "water level at gate 4 rose",
  'the keeper wrote "open, slowly"',
  "A00000000007,Nile,12.50,2026-01-01T00:00:00.000Z,no record of its own",
  "first\r\nsecond",
  '"',
  "écluse fermée, 闸门",
];

function noteOf(mixed: number, style: Style): string {
  switch (style) {
    case "plain":
      return pick(plainNotes, mixed);
    case "quoted":
      return `${pick(plainNotes, mixed)}, order "${mixed}"`;
    case "lines":
      return noteOfLines(mixed, mixed % 8);
    case "long":
      return noteOfLines(mixed, 80);
  }
}

function noteOfLines(mixed: number, count: number): string {
  const chosen = Array.from({ length: count }, (_, index) => pick(lines, mix(mixed + index)));
  return chosen.join("\n");
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function pick(texts: readonly string[], mixed: number): string {
  return texts[mixed % texts.length] ?? "";
}

/** Spreads consecutive numbers over 32 bits. */
function mix(number: number): number {
  const mixed = Math.imul(number ^ (number >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
