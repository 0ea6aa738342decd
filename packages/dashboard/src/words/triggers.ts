/** Which functions an event reaches, by the names alone: conditions are the server's to judge. */
import type { Fn } from "../api/records.ts";

/** Exact, or a prefix that ends in `/*` or `.*`. */
export function isMatch(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  return /[/.]\*$/.test(pattern) && name.startsWith(pattern.slice(0, -1));
}

export function listenersOf(functions: readonly Fn[], name: string): Fn[] {
  return functions.filter((fn) => fn.triggers.some((trigger) => "event" in trigger && isMatch(trigger.event, name)));
}

/** Names that look like this one: a typo is the usual reason why nothing started. */
export function similarNames(functions: readonly Fn[], name: string): string[] {
  const names = new Set(functions.flatMap((fn) => fn.triggers.flatMap((one) => ("event" in one ? [one.event] : []))));
  const limit = Math.max(2, Math.floor(name.length / 3));
  return [...names]
    .map((other) => ({ other, distance: distanceOf(other.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ other }) => other);
}

/** Edits between two texts (Levenshtein), row by row. */
function distanceOf(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const swap = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
