/**
 * What of a trigger a run's limits go by: read once, when the run is created. Apart from the rules, so that whoever only needs
 * names and places does not load the expressions.
 */
import type { FlowConfig, RunFlow } from "../../protocol/flow.ts";
import { sha256Hex, utf8ToBytes } from "../../protocol/hash.ts";
import type { JsonObject, JsonText } from "../../protocol/json.ts";
import type { Instant } from "../instant.ts";
import { compileExpression, isExpressionFailure, isExpressionProblem } from "../match/expression.ts";
import { queueName, ruleName } from "./rules.ts";

/** ±12 hours. */
const PRIORITY_S_MAX = 43_200;
/** A longer key value is replaced by its hash. */
const VALUE_CHARS_MAX = 128;

/** The value of a key expression for an event, as text. */
export function keyValue(expression: string, event: JsonObject, now: Instant): string {
  const compiled = compileExpression(expression, ["event"]);
  if (isExpressionProblem(compiled)) return "null"; // Refused at sync.
  const value = compiled.key({ event }, now);
  return value.length > VALUE_CHARS_MAX ? `h:${sha256Hex(utf8ToBytes(value))}` : value;
}

/** True when a key says that its rule is not for this event: it is false. */
export const isExempt = (value: string): boolean => value === "false";

/** What of the trigger the run's limits go by; null when it is under none that needs it. */
export function runFlow(flow: FlowConfig, eventText: JsonText | null, now: Instant): RunFlow | null {
  if (!asksTrigger(flow)) return null;
  const event = eventText === null ? {} : (JSON.parse(eventText) as JsonObject);
  const keys: Record<string, string> = {};
  for (const rule of flow.concurrency) {
    if (rule.key !== null) keys[ruleName(rule, false)] = keyValue(rule.key, event, now);
  }
  for (const rule of flow.runConcurrency) {
    keys[ruleName(rule, true)] = rule.key === null ? "" : keyValue(rule.key, event, now);
  }
  const one = flow.singleton === null ? null : queueName(flow.singleton);
  const value = flow.singleton?.key == null ? "" : keyValue(flow.singleton.key, event, now);
  if (one !== null && !isExempt(value)) keys[one] = value;
  const throttle = flow.throttle?.key == null ? undefined : keyValue(flow.throttle.key, event, now);
  const priorityMs = flow.priority === null ? 0 : priorityOf(flow.priority, event, now);
  if (Object.keys(keys).length === 0 && throttle === undefined && priorityMs === 0) return null;
  return { keys, ...(throttle === undefined ? {} : { throttle }), ...(priorityMs === 0 ? {} : { priorityMs }) };
}

/** Nearly no function does, and then nobody parses the trigger. */
function asksTrigger(flow: FlowConfig): boolean {
  const { concurrency, runConcurrency, singleton, throttle, priority } = flow;
  return (
    runConcurrency.length > 0 ||
    (singleton !== null && queueName(singleton) !== null) ||
    priority !== null ||
    throttle?.key != null ||
    concurrency.some(({ key }) => key !== null)
  );
}

/** Whole seconds within bounds; anything else is no priority. */
function priorityOf(expression: string, event: JsonObject, now: Instant): number {
  const compiled = compileExpression(expression, ["event"]);
  if (isExpressionProblem(compiled)) return 0;
  const value = compiled.evaluate({ event }, now);
  if (isExpressionFailure(value) || typeof value !== "number" || !Number.isInteger(value)) return 0;
  return Math.max(-PRIORITY_S_MAX, Math.min(PRIORITY_S_MAX, value)) * 1_000;
}
