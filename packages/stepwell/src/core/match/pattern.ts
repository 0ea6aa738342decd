/**
 * Names of events and the patterns that match them: a pattern ends in `/*` or `.*`, anywhere else `*` means nothing.
 *
 * Matching is by equality: a name has few patterns, so a lookup asks for each of them and scans nothing.
 */
import { LIMITS } from "../../protocol/limits.ts";

/** Every pattern that matches the name: cut at each `/`, then at each `.`. `a/b.c` gives `a/*` and `a/b.*`. */
export function patternsFor(name: string): string[] {
  const patterns: string[] = [];
  for (const delimiter of ["/", "."]) {
    let index = name.indexOf(delimiter);
    while (index >= 0) {
      patterns.push(`${name.slice(0, index + 1)}*`);
      index = name.indexOf(delimiter, index + 1);
    }
  }
  return patterns;
}

/** True for what a trigger may name: an event name, or a pattern with its one `*` at the end, after `/` or `.`. */
export function isValidPattern(text: string): boolean {
  if (text === "" || text.length > LIMITS.triggerNameCharsMax) return false;
  const star = text.indexOf("*");
  if (star < 0) return true;
  return star === text.length - 1 && star > 1 && (text[star - 1] === "/" || text[star - 1] === ".");
}
