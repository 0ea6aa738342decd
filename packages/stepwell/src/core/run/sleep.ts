/**
 * When a sleep ends. SDKs write the time in three ways: `opts.duration`, a duration in `name`, or a date in `name`.
 * The past means now; dates come from the app's clock, so a little past is normal.
 */
import { parseDuration } from "../../protocol/duration.ts";
import type { ErrorCode, ErrorDetails } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Op } from "../../protocol/op.ts";
import type { Instant } from "../instant.ts";

type SleepEnd =
  | { readonly problem: null; readonly at: Instant }
  | { readonly problem: ErrorCode; readonly details: ErrorDetails };

const DATE_CHARS_MIN = 10;

export function sleepUntil(op: Op, now: Instant): SleepEnd {
  const duration = op.opts["duration"];
  const text = typeof duration === "string" && duration !== "" ? duration : op.name;
  const at = text === "" ? now : instantOf(text, now);
  if (at === null) return { problem: "duration_invalid", details: { where: `step ${op.displayName}`, value: text } };
  if (at - now > LIMITS.sleepMsMax) {
    return { problem: "sleep_too_long", details: { step: op.displayName, limit: LIMITS.sleepMsMax / 86_400_000 } };
  }
  return { problem: null, at: Math.max(at, now) };
}

function instantOf(text: string, now: Instant): Instant | null {
  if (text.length >= DATE_CHARS_MIN && /^\d{4}-\d{2}-\d{2}/.test(text)) {
    const date = Date.parse(text);
    if (!Number.isNaN(date)) return date;
  }
  const duration = parseDuration(text);
  return duration === null ? null : now + duration;
}
