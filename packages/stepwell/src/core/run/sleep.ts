/**
 * When a sleep ends. SDKs write the time in three ways: `opts.duration`, a duration in `name`, or a date in `name`.
 * The past means now; dates come from the app's clock, so a little past is normal.
 */
import type { ErrorCode, ErrorDetails } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Op } from "../../protocol/op.ts";
import type { Instant } from "../instant.ts";
import { untilOf } from "./arm.ts";

type SleepEnd =
  | { readonly problem: null; readonly at: Instant }
  | { readonly problem: ErrorCode; readonly details: ErrorDetails };

/** `begunAt`: when the sleep began, from which a duration counts. */
export function sleepUntil(op: Op, now: Instant, begunAt: Instant = now): SleepEnd {
  const duration = op.opts["duration"];
  const text = typeof duration === "string" && duration !== "" ? duration : op.name;
  const at = text === "" ? now : untilOf(text, begunAt);
  if (at === null) return { problem: "duration_invalid", details: { where: `step ${op.displayName}`, value: text } };
  if (at - now > LIMITS.sleepMsMax) {
    return { problem: "sleep_too_long", details: { step: op.displayName, limit: LIMITS.sleepMsMax / 86_400_000 } };
  }
  return { problem: null, at: Math.max(at, now) };
}
