/** Lets a stage judge a stream by its first bytes, however it is cut into chunks. */

/** Yields the same bytes, the first `least` of them (or all there are) in the first chunk. */
export async function* joinFirst(
  chunks: AsyncIterable<Uint8Array>,
  least: number,
): AsyncGenerator<Uint8Array> {
  let first: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of chunks) {
    if (first === undefined) {
      yield chunk;
      continue;
    }
    first = first.byteLength === 0 ? chunk : Buffer.concat([first, chunk]);
    if (first.byteLength < least) continue;
    yield first;
    first = undefined;
  }
  if (first !== undefined && first.byteLength > 0) yield first;
}
