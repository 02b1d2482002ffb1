/** UTF-8 without TextDecoder, which core's library (ES2024 alone) does not have. */

/**
 * Per lead byte: how many continuation bytes follow (bits 0-7) and the range of the first of them
 * (low in bits 8-15, high in bits 16-23), or 0 where no sequence starts so. The narrowed ranges
 * refuse overlong forms, surrogates and code points above U+10FFFF. Source: RFC 3629 section 4.
 */
export const utf8Leads: Int32Array = new Int32Array(256);
for (const [first, last, following, low, high] of [
  [0xc2, 0xdf, 1, 0x80, 0xbf],
  [0xe0, 0xe0, 2, 0xa0, 0xbf],
  [0xe1, 0xec, 2, 0x80, 0xbf],
  [0xed, 0xed, 2, 0x80, 0x9f],
  [0xee, 0xef, 2, 0x80, 0xbf],
  [0xf0, 0xf0, 3, 0x90, 0xbf],
  [0xf1, 0xf3, 3, 0x80, 0xbf],
  [0xf4, 0xf4, 3, 0x80, 0x8f],
] as const) {
  utf8Leads.fill(following | (low << 8) | (high << 16), first, last + 1);
}

/** The text of bytes that are known to be whole, valid UTF-8. A byte order mark is kept. */
export function decodeUtf8(encoded: Uint8Array): string {
  let text = "";
  for (let at = 0; at < encoded.length; ) {
    const lead = encoded[at++] ?? 0;
    const following = (utf8Leads[lead] ?? 0) & 0xff;
    let codePoint = following === 0 ? lead : lead & (0x3f >> following);
    for (let left = following; left > 0; left--) {
      codePoint = (codePoint << 6) | ((encoded[at++] ?? 0) & 0x3f);
    }
    text += String.fromCodePoint(codePoint);
  }
  return text;
}

/** How many bytes the text takes in UTF-8. */
export function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    length += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }
  return length;
}
