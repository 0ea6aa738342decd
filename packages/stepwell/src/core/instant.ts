/** Points in time: Unix milliseconds. The core is told the time with every command; it never asks for it (E7). */
export type Instant = number;

/** RFC 3339 in UTC, without milliseconds when they are zero. */
export function isoTime(at: Instant): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}
