/**
 * A CSV file of any size that is hard to cut: records of about 1 KB whose quoted fields hold commas,
 * doubled quotes, LF and CRLF line ends and lines that look like records. The same size gives the
 * same bytes.
 */

export const generatedColumns = ["event_id", "customer", "amount", "note", "body"] as const;

const chunkCharacters = 1_000_000;
const paragraphCount = 61;
const paragraphCharacters = 820;

/** Chunks of about 1 MB; the last record is the first that brings the file to `totalBytes`. */
export function* generatedCsv(totalBytes: number): Generator<Buffer, void, undefined> {
  const paragraphs = Array.from({ length: paragraphCount }, (_, index) => paragraph(index));
  let text = `${generatedColumns.join(",")}\r\n`;
  let bytes = Buffer.byteLength(text);
  for (let number = 1; bytes < totalBytes; number++) {
    const record = recordOf(number, paragraphs);
    text += record;
    bytes += Buffer.byteLength(record);
    if (text.length >= chunkCharacters) {
      yield Buffer.from(text);
      text = "";
    }
  }
  if (text !== "") yield Buffer.from(text);
}

const customers = ["Acme, Inc.", 'The "Mill" Ltd', "Söder & Söhne", "東京水道", "Nile"];

function recordOf(number: number, paragraphs: readonly string[]): string {
  const mixed = mix(number);
  const id = `E${String(number).padStart(9, "0")}`;
  const amount = ((mixed % 1_000_000) / 100).toFixed(2);
  const note = mixed % 3 === 0 ? "" : `order ${mixed},\n"rush"`;
  const customer = customers[mixed % customers.length] ?? "";
  const body = paragraphs[mixed % paragraphs.length] ?? "";
  return `${id},${quote(customer)},${amount},${quote(note)},${body}\r\n`;
}

const phrases = [
  "water level at gate 4 rose",
  'the keeper wrote "open, slowly"',
  "E000000123,Nile,12.50,,no record of its own",
  "écluse fermée, 闸门",
  "line one\r\nline two",
  '"',
  "first\n\nafter a blank line",
  "a;b\tc,d",
];

/** A quoted field; its text differs with the index. */
function paragraph(index: number): string {
  let text = `§${index} `;
  for (let step = 1; text.length < paragraphCharacters; step++)
    text += `${phrases[mix(index * 131 + step) % phrases.length]}, `;
  return quote(text);
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

/** Spreads consecutive numbers over 32 bits. */
function mix(number: number): number {
  const mixed = Math.imul(number ^ (number >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
