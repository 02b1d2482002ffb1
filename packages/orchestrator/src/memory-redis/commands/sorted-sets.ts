/** Commands of sorted sets. */
import { float, indexRange, integer, pairsOf, scoreRange } from "../arguments.ts";
import type { Keyspace } from "../keyspace.ts";
import { formatGeneral } from "../number-text.ts";
import { type Reply, unknownHere } from "../reply.ts";
import { createSortedSet, put, remove, type SortedSet } from "../sorted-set.ts";
import { any, type Command, command } from "./command.ts";

export const sortedSetCommands: Readonly<Record<string, Command>> = {
  zadd: command([3, any], (keyspace, key, rest) => {
    const onlyOld = rest[0]?.toUpperCase() === "XX";
    const pairs = pairsOf(onlyOld ? rest.slice(1) : rest, "ERR syntax error").map(
      ([score, member]) => [float(score), member] as const,
    );
    if (onlyOld && keyspace.get(key, "zset") === undefined) return 0;
    const { sorted } = keyspace.ensure(key, "zset");
    const wanted = pairs.filter(([, member]) => !onlyOld || sorted.scores.has(member));
    return wanted.filter(([score, member]) => put(sorted, member, score)).length;
  }),
  zcard: command([1, 1], (keyspace, key) => sortedOf(keyspace, key).scores.size),
  zmscore: command([2, any], (keyspace, key, members) => {
    const { scores } = sortedOf(keyspace, key);
    return members.map((member) => scoreText(scores.get(member)));
  }),
  zpopmin: command([1, 1], (keyspace, key) => {
    const sorted = sortedOf(keyspace, key);
    const [member] = sorted.order;
    if (member === undefined) return [];
    const score = scoreText(sorted.scores.get(member));
    remove(sorted, member);
    keyspace.deleteIfEmpty(key);
    return [member, score];
  }),
  zrange: command([3, 4], (keyspace, key, [first, last, option]) => {
    const [range, scores] = [indexRange(first, last), withScores(option)];
    const sorted = sortedOf(keyspace, key);
    return answer(sorted, sorted.order.slice(...range(sorted.order.length)), scores);
  }),
  zrevrange: command([3, 4], (keyspace, key, [first, last, option]) => {
    const [range, scores] = [indexRange(first, last), withScores(option)];
    const sorted = sortedOf(keyspace, key);
    const members = sorted.order.toReversed().slice(...range(sorted.order.length));
    return answer(sorted, members, scores);
  }),
  zrangebyscore: command([3, any], (keyspace, key, [min, max, ...options]) => {
    const [range, { scores, page }] = [scoreRange(min, max), pageOf(options)];
    const sorted = sortedOf(keyspace, key);
    return answer(sorted, range(sorted).slice(...page), scores);
  }),
  zrevrangebyscore: command([3, any], (keyspace, key, [max, min, ...options]) => {
    const [range, { scores, page }] = [scoreRange(min, max), pageOf(options)];
    const sorted = sortedOf(keyspace, key);
    return answer(
      sorted,
      range(sorted)
        .toReversed()
        .slice(...page),
      scores,
    );
  }),
  zrem: command([2, any], (keyspace, key, gone) => removeAll(keyspace, key, gone)),
  zremrangebyscore: command([3, 3], (keyspace, key, [min, max]) => {
    const range = scoreRange(min, max);
    return removeAll(keyspace, key, range(sortedOf(keyspace, key)));
  }),
  zscore: command([2, 2], (keyspace, key, [member = ""]) =>
    scoreText(sortedOf(keyspace, key).scores.get(member)),
  ),
};

/** What a key that is not there holds; nothing is ever put into it. */
const nobody = createSortedSet();

function sortedOf(keyspace: Keyspace, key: string): SortedSet {
  return keyspace.get(key, "zset")?.sorted ?? nobody;
}

function removeAll(keyspace: Keyspace, key: string, members: readonly string[]): number {
  const sorted = sortedOf(keyspace, key);
  const removed = members.filter((member) => remove(sorted, member)).length;
  keyspace.deleteIfEmpty(key);
  return removed;
}

function withScores(option: string | undefined): boolean {
  if (option === undefined) return false;
  if (option.toUpperCase() !== "WITHSCORES") throw unknownHere(`ZRANGE ${option}`);
  return true;
}

/** Options of a range by score; the page as bounds for `slice`. */
function pageOf(options: readonly string[]): {
  readonly scores: boolean;
  readonly page: readonly [from: number, to: number];
} {
  let scores = false;
  let [skip, count] = [0, any];
  for (let i = 0; i < options.length; i++) {
    const option = options[i]?.toUpperCase() ?? "";
    if (option === "LIMIT") {
      skip = integer(options[++i]);
      count = integer(options[++i]);
      if (skip < 0 || count < 0) throw unknownHere("LIMIT below 0");
    } else if (option === "WITHSCORES") scores = true;
    else throw unknownHere(`ZRANGEBYSCORE ${option}`);
  }
  return { scores, page: [skip, skip + count] };
}

function answer(sorted: SortedSet, members: readonly string[], scores: boolean): Reply {
  if (!scores) return members;
  return members.flatMap((member) => [member, scoreText(sorted.scores.get(member))]);
}

function scoreText(score: number | undefined): string | null {
  return score === undefined ? null : formatGeneral(score, 17);
}
