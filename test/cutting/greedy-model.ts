/** The cutting rule in its plainest form: whole texts in memory, built up and measured. */

export interface ModelSource {
  /** What ends the file's lines. */
  readonly lineEnd: "\n" | "\r\n";
  /** The header line without its line end; undefined where the file has none. */
  readonly header: string | undefined;
  readonly records: readonly ModelRecord[];
  /** Whether the last record has a line end. */
  readonly finalLineEnd: boolean;
}

export interface ModelRecord {
  /** Blank lines that stand before it in the file. */
  readonly blank: string;
  /** The record without its line end. */
  readonly text: string;
}

/**
 * The bodies that a load must be cut into, or "too large" where a record fits in no part.
 * `header` is the line, without its end, that each part repeats; undefined where parts have none.
 */
export function greedyBodies(
  sources: readonly ModelSource[],
  header: string | undefined,
  maxPartBytes: number,
): readonly string[] | "too large" {
  const bodies: string[] = [];
  let body: string[] = [];
  let left = 0;
  let bodyLineEnd: string | undefined;
  const take = (text: string) => {
    body.push(text);
    left -= Buffer.byteLength(text);
  };
  for (const source of sources) {
    const single = source.header === undefined && source.records.length === 1;
    const ownLineEnd = single && !source.finalLineEnd ? undefined : source.lineEnd;
    for (const [index, { blank, text }] of source.records.entries()) {
      const sameLineEnd = ownLineEnd === undefined || ownLineEnd === bodyLineEnd;
      const joined = (index === 0 ? "" : blank) + text + (ownLineEnd ?? bodyLineEnd);
      if (bodyLineEnd !== undefined && sameLineEnd && Buffer.byteLength(joined) <= left) {
        take(joined);
        continue;
      }
      if (bodyLineEnd !== undefined) bodies.push(body.join(""));
      body = [];
      left = maxPartBytes;
      bodyLineEnd = ownLineEnd ?? "\n";
      take((header === undefined ? "" : header + bodyLineEnd) + text + bodyLineEnd);
      if (left < 0) return "too large";
    }
  }
  bodies.push(body.join(""));
  return bodies;
}
