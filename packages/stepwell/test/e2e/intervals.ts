/** What intervals of work and instants of starts say about limits, whoever recorded them. */

export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** The most that were under way at any instant; one that ends as another begins makes room for it. */
export function mostAtOnce(intervals: readonly Interval[]): number {
  const changes = intervals.flatMap(({ from, to }) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ]);
  changes.sort((left, right) => left.at - right.at || left.by - right.by);
  let [count, most] = [0, 0];
  for (const { by } of changes) {
    count += by;
    most = Math.max(most, count);
  }
  return most;
}

/** Starts that came before a throttle let them: `atOnce` from rest, each costing `intervalMs`, of which so many are made up for. */
export function startedTooEarly(
  starts: readonly number[],
  { intervalMs, atOnce, slackMs }: { readonly intervalMs: number; readonly atOnce: number; readonly slackMs: number },
): number[] {
  let restedAt = Number.NEGATIVE_INFINITY;
  return [...starts]
    .sort((left, right) => left - right)
    .filter((at) => {
      const from = Math.max(restedAt, at);
      restedAt = from + intervalMs;
      return from - intervalMs * (atOnce - 1) > at + slackMs;
    });
}
