/**
 * The values that options of a registered function have: texts, whole numbers, durations, expressions. Each says its
 * rule in words that fit behind the option and its value: `debounce.period "soon": it is not a duration …`.
 */
import { z } from "zod";
import { compileExpression, type ExpressionVariable, isExpressionProblem } from "../core/match/expression.ts";
import { formatDuration, parseDuration } from "../protocol/duration.ts";
import { LIMITS } from "../protocol/limits.ts";
import { optionalText } from "./loose-object.ts";

export const text = z.string(ruled("it must be a text")).min(1, "it must not be empty");

/** The rule of a text as a refinement: `rule` gives the reason against a value, or null. */
export const textWith = (rule: (value: string) => string | null) =>
  z.string(ruled("it must be a text")).superRefine((value, context) => {
    const reason = rule(value);
    if (reason !== null) context.addIssue({ code: "custom", message: reason });
  });

export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER, more = "") {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const rule = `it must be a whole number ${range}${more}`;
  return z.int(ruled(rule)).min(min, rule).max(max, rule);
}

export const oneOf = <const Values extends readonly string[]>(...values: Values) =>
  z.enum(values, ruled(`it must be ${values.slice(0, -1).join(", ")} or ${values.at(-1)}`));

export const trueOrFalse = z.boolean(ruled("it must be true or false"));

export const duration = (min: number = LIMITS.flowPeriodMsMin, max: number = LIMITS.flowPeriodMsMax) =>
  z.string(ruled('it must be a duration like "30s" or "1h30m"')).superRefine((value, context) => {
    const reason = durationReason(value, min, max);
    if (reason !== null) context.addIssue({ code: "custom", message: reason });
  });

function durationReason(value: string, min: number, max: number): string | null {
  const ms = parseDuration(value);
  if (ms === null) return 'it is not a duration like "30s" or "1h30m"';
  if (ms < min) return `it must be at least ${formatDuration(min)}`;
  return ms > max ? `it must be at most ${inDays(max)}` : null;
}

/** `366d` rather than `52w2d`. */
const inDays = (ms: number): string => (ms % 86_400_000 === 0 ? `${ms / 86_400_000}d` : formatDuration(ms));

export const expression = (...variables: ExpressionVariable[]) =>
  textWith((value) => {
    const compiled = compileExpression(value, variables);
    return isExpressionProblem(compiled) ? `the expression is not valid: ${compiled.reason}` : null;
  });

/** CEL over `event`; an empty one is none. */
export const key = optionalText(expression("event"));

/** Lets a check of several options see them even where one of them is wrong, so that all problems are found at once. */
export const ALWAYS = { when: () => true };

/** What to say of a value of another type, or of none. */
function ruled(rule: string) {
  return { error: (issue: { readonly input?: unknown }) => (issue.input === undefined ? "it is missing" : rule) };
}
