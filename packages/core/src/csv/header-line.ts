/**
 * The header line as it stands in parts. A part keeps the line ends of the files it was cut from,
 * in its header too, because readers judge a file's line end by its first line.
 */
import { utf8Length } from "./utf8.ts";

/** Bytes of the header line with either line end; 0 where parts have no header. */
export type HeaderBytes = Readonly<Record<"\n" | "\r\n", number>>;

/** No header. */
export const noHeaderBytes: HeaderBytes = { "\n": 0, "\r\n": 0 };

/** The header line with this line end instead of its own. */
export function headerLine(header: string, lineEnd: "\n" | "\r\n"): string {
  return header.replace(/\r?\n$/, "") + lineEnd;
}

/** How long the header line is with either line end. */
export function headerLineBytes(header: string): HeaderBytes {
  return {
    "\n": utf8Length(headerLine(header, "\n")),
    "\r\n": utf8Length(headerLine(header, "\r\n")),
  };
}
