/**
 * A delay that spreads schedules which name the same minute.
 *
 *   J1. No chance: it depends on the function and the nominal tick, so every server and every replay computes the same.
 *   J2. It lies in [1 s, jitter), or is the jitter itself when that is 1 s or less, and 0 when there is none.
 *
 * The tick keeps its nominal time as identity; only the start is delayed.
 */

const DELAY_MS_MIN = 1_000;

export function jitterDelayMs(functionId: string, tickMs: number, jitterMs: number): number {
  if (jitterMs <= DELAY_MS_MIN) return Math.max(0, jitterMs);
  return DELAY_MS_MIN + (hash32(`${functionId}@${tickMs}`) % (jitterMs - DELAY_MS_MIN));
}

/** FNV-1a over UTF-16 units, then the finish of MurmurHash3: without it, neighbouring ticks get neighbouring delays. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
