/** Pieces of sentences that all explanations share. */

import { formatDuration } from "../../protocol/duration.ts";
import type { ErrorValue } from "../../protocol/error-value.ts";
import type { AppDown } from "../flow/app-contact.ts";
import { type Instant, isoTime } from "../instant.ts";

/** "2026-01-31T12:00:00Z, in 5m" */
export function untilText(at: Instant, now: Instant): string {
  return at <= now ? "now" : `${isoTime(at)} (in ${spanText(at - now)})`;
}

/** "2026-01-31T12:00:00Z, 5m ago" */
export function sinceText(at: Instant, now: Instant): string {
  return `${isoTime(at)} (${spanText(now - at)} ago)`;
}

/** A span in its two largest units: nobody waits for the milliseconds of an hour. */
export function spanText(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`;
  const whole = formatDuration(Math.floor(ms / 1_000) * 1_000);
  return [...whole.matchAll(/\d+[a-z]+/g)].slice(0, 2).join("");
}

/** "the app shop does not answer since … (5m ago): Unable to reach …; the next probe is at …" */
export function appDownText(appId: string, { since, reason, probe, probeAt }: AppDown, now: Instant): string {
  const due = probeAt <= now ? "now" : `at ${untilText(probeAt, now)}`;
  const next = probe === null ? `the next probe is ${due}` : "a probe is out and will tell";
  return `the app ${appId} does not answer since ${sinceText(since, now)}: ${reason.replace(/\.$/, "")}; ${next}`;
}

export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return count === 1 ? `1 ${noun}` : `${count.toLocaleString("en-US")} ${plural}`;
}

/** "a, b, c and 4 more" */
export function listText(items: readonly string[], count: number = items.length, max = 3): string {
  const shown = items.slice(0, max);
  const rest = count - shown.length;
  if (rest > 0) return `${shown.join(", ")} and ${rest.toLocaleString("en-US")} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

const ERROR_CHARS_MAX = 200;

/** "Error: no luck", cut, and without a full stop of its own: it stands inside a sentence. */
export function shortError(error: Partial<ErrorValue>): string {
  const all = [error.name, error.message].filter((part) => part !== undefined && part !== "").join(": ");
  const text = all.replace(/\.$/, "");
  return text.length > ERROR_CHARS_MAX ? `${text.slice(0, ERROR_CHARS_MAX)}…` : text;
}
