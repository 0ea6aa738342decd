/**
 * Durations as people write them: `"30s"`, `"1h30m"`, `"7d"`, `"1w"`, `"300ms"`, `"1.5h"`, a number of milliseconds,
 * or anything shaped like a `Temporal.Duration`.
 *
 *   D1. What cannot be read is `null` (or a coded error in the throwing form), never NaN and never a guess.
 */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const PART = /(\d+(?:\.\d+)?)\s*(ns|us|µs|μs|ms|s|m|h|d|w)/y;

/** A duration text in milliseconds, or null when it is not one. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > 64) return null;
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < trimmed.length) {
    const match = PART.exec(trimmed);
    if (match === null) return null;
    total += Number(match[1]) * UNIT_MS[match[2]!]!;
    while (trimmed[PART.lastIndex] === " ") PART.lastIndex++;
  }
  return Number.isFinite(total) ? Math.round(total) : null;
}

/** The shortest text with whole units: `5_400_000` → `"1h30m"`. */
export function formatDuration(ms: number): string {
  if (ms <= 0) return "0s";
  let rest = Math.round(ms);
  let text = "";
  for (const unit of ["w", "d", "h", "m", "s", "ms"]) {
    const size = UNIT_MS[unit]!;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
