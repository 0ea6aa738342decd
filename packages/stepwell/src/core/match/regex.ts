/**
 * Regular expressions that take linear time whatever the pattern (RE2 syntax): rules of one user, texts of another.
 * Compiled patterns are kept, since a rule meets many events.
 */

import { LRUCache } from "lru-cache";
import { RE2JS } from "re2js";
import { errorText } from "../../protocol/error-value.ts";
import { fail } from "./value.ts";

/** Patterns kept. */
const PATTERNS_MAX = 1_000;
/** Characters of a pattern; a pattern may come out of an event. */
const PATTERN_LENGTH_MAX = 1_024;
/** Instructions of a compiled pattern: nested repetitions multiply. */
const PROGRAM_SIZE_MAX = 10_000;

const patterns = new LRUCache<string, RE2JS>({ max: PATTERNS_MAX });

/** Fails on a pattern that is not one, or is too large. */
export function compilePattern(source: string): RE2JS {
  const known = patterns.get(source);
  if (known !== undefined) return known;
  if (source.length > PATTERN_LENGTH_MAX) return fail(`a pattern is longer than ${PATTERN_LENGTH_MAX} characters`);
  const pattern = compile(source);
  if (pattern.programSize() > PROGRAM_SIZE_MAX)
    return fail("a pattern is too large once its repetitions are written out");
  patterns.set(source, pattern);
  return pattern;
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    return fail(`a pattern is not valid: ${errorText(error)}`);
  }
}
