/** Yields `map` of each item in the items' order, with at most `concurrency` calls under way. */
export async function* mapInOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  concurrency: number,
  map: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  for await (const item of items) {
    const result = map(item);
    // Its failure is thrown in its turn, or never where an earlier one or the consumer ends the walk.
    result.catch(() => {});
    underWay.push(result);
    const oldest = underWay.length < concurrency ? undefined : underWay.shift();
    if (oldest !== undefined) yield await oldest;
  }
  for (const result of underWay) yield await result;
}
