/** Names that somebody may have meant: those within so many changed, added or missing letters. */

/** The names nearest to `name`, the nearest first; capital letters do not count. */
export function closestNames(name: string, known: Iterable<string>, distanceMax: number, countMax: number): string[] {
  const wanted = name.toLowerCase();
  const found: { readonly name: string; readonly distance: number }[] = [];
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase(), distanceMax);
    if (distance <= distanceMax) found.push({ name: candidate, distance });
  }
  found.sort((left, right) => left.distance - right.distance || (left.name < right.name ? -1 : 1));
  return found.slice(0, countMax).map((one) => one.name);
}

/** Levenshtein's distance; anything over `max` is told as more than it. */
export function editDistance(left: string, right: string, max: number): number {
  if (Math.abs(left.length - right.length) > max) return max + 1;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let at = 1; at <= left.length; at++) {
    const next = [at];
    for (let to = 1; to <= right.length; to++) {
      const isSame = left[at - 1] === right[to - 1];
      next.push(Math.min(row[to]! + 1, next[to - 1]! + 1, row[to - 1]! + (isSame ? 0 : 1)));
    }
    if (Math.min(...next) > max) return max + 1;
    row = next;
  }
  return row[right.length]!;
}
