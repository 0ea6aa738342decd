/**
 * What of flow control can be checked where a function is made: numbers, names and combinations. Expressions are checked
 * at sync, by the server. Every problem is told, not only the first.
 */
import { formatDuration } from "../protocol/duration.ts";
import { REFUSED_TOGETHER } from "../protocol/flow-combinations.ts";
import { LIMITS } from "../protocol/limits.ts";
import { type DurationInput, durationMs } from "./duration-input.ts";
import type { ConcurrencyOption, FlowOptions } from "./flow-options.ts";
import { callRules, runRules } from "./register-flow.ts";

/** The problems of the options, each of which begins with the option's name. `where` names the function. */
export function flowProblems(options: FlowOptions, where: string): string[] {
  const weight = optional(count(1, LIMITS.weightMax))(options.weight, {}, "");
  const unreachable = optional(oneOf("retry", "wait"))(options.whenUnreachable, {}, "");
  return [
    ...concurrencyProblems("concurrency", callRules(options)),
    ...concurrencyProblems("runConcurrency", runRules(options)),
    ...Object.entries(RULES).flatMap(([name, rules]) => optionProblems(name as Option, rules, options, where)),
    ...(weight === null ? [] : [`\`weight\` ${weight}`]),
    ...(unreachable === null ? [] : [`\`whenUnreachable\` ${unreachable}`]),
    ...REFUSED_TOGETHER.filter(({ option, other }) => isGiven(options[option]) && isGiven(options[other])).map(
      ({ option, other, reason }) => `\`${option}\` cannot be combined with \`${other}\`: ${reason}`,
    ),
  ];
}

type Parts = Readonly<Record<string, unknown>>;
/** The reason against a value, or null. It gets what is beside the value, and the place for the error of a duration. */
type Rule = (value: unknown, beside: Parts, place: string) => string | null;
type Option = "throttle" | "rateLimit" | "idempotency" | "debounce" | "batchEvents" | "singleton" | "backlog";

const RULES: Readonly<Record<Option, Readonly<Record<string, Rule>>>> = {
  throttle: { limit: count(1), period: duration(), burst: optional(count(0)) },
  rateLimit: {
    limit: windowLimit,
    period: duration(LIMITS.rateLimitPeriodMsMax),
    algorithm: optional(oneOf("window", "gcra")),
  },
  idempotency: { key: text, period: optional(duration()), releaseOnFailure: optional(trueOrFalse) },
  debounce: {
    period: duration(LIMITS.debouncePeriodMsMax),
    timeout: optional(notLeading(duration())),
    mode: optional(oneOf("trailing", "leading", "both")),
    collect: optional((value, beside, place) =>
      value === true ? notLeading(trueOrFalse)(value, beside, place) : trueOrFalse(value),
    ),
  },
  batchEvents: {
    maxSize: count(2, LIMITS.batchSizeMax),
    timeout: duration(),
    maxBytes: optional(count(1, LIMITS.batchBytesMax)),
  },
  singleton: { mode: oneOf("skip", "cancel", "queue-latest", "queue-all") },
  backlog: { limit: count(1), policy: optional(oneOf("reject", "drop-oldest", "drop-newest")) },
};

function optionProblems(
  name: Option,
  rules: Readonly<Record<string, Rule>>,
  options: FlowOptions,
  where: string,
): string[] {
  const option: unknown = options[name];
  if (!isGiven(option) || (name === "idempotency" && typeof option === "string")) return [];
  if (typeof option !== "object") return [`\`${name}\` must be an object`];
  const parts = option as Parts;
  return Object.entries(rules).flatMap(([part, rule]) => {
    const reason = rule(parts[part], parts, `${where}: ${name}.${part}`);
    return reason === null ? [] : [`\`${name}.${part}\` ${reason}`];
  });
}

function concurrencyProblems(name: string, rules: readonly ConcurrencyOption[]): string[] {
  const max = LIMITS.concurrencyRulesMax;
  if (rules.length > max) return [`\`${name}\` may hold ${max} rules at most`];
  const isAlone = rules.filter(({ limit }) => limit > 0).length < 2;
  return rules.flatMap((rule) =>
    [...numberReasons(rule), ...keyReasons(rule, isAlone)].map((reason) => `\`${name}\`: ${reason}`),
  );
}

function* numberReasons({ limit, scope, guaranteed, burst }: ConcurrencyOption): Generator<string> {
  const found = {
    limit: count(0)(limit, {}, ""),
    scope: optional(oneOf("fn", "env", "account"))(scope, {}, ""),
    guaranteed: optional(count(0))(guaranteed, {}, ""),
    burst: optional(count(1))(burst, {}, ""),
  };
  for (const [part, reason] of Object.entries(found)) if (reason !== null) yield `\`${part}\` ${reason}`;
}

function* keyReasons({ limit, key, scope, guaranteed = 0, burst }: ConcurrencyOption, isAlone: boolean) {
  const hasKey = key !== undefined && key !== "";
  if ((scope === "env" || scope === "account") && !hasKey) yield `scope \`${scope}\` needs a \`key\``;
  if (guaranteed > 0 && !hasKey) yield "`guaranteed` needs a `key`";
  if (guaranteed > limit) yield "`guaranteed` must be at most `limit`";
  if (burst === undefined) return;
  if (!hasKey) yield "`burst` needs a `key`";
  if (burst < limit) yield "`burst` must be at least `limit`";
  if (isAlone) yield "`burst` needs a second rule with a limit, whose room it may use";
}

function optional(rule: Rule): Rule {
  return (value, beside, place) => (value === undefined ? null : rule(value, beside, place));
}

function notLeading(rule: Rule): Rule {
  const reason = 'is not for mode "leading", where no run comes after the events';
  return (value, beside, place) => (beside["mode"] === "leading" ? reason : rule(value, beside, place));
}

function windowLimit(value: unknown, { algorithm }: Parts): string | null {
  if (algorithm === "window" && typeof value === "number" && value > LIMITS.rateLimitWindowMax) {
    return `may be ${LIMITS.rateLimitWindowMax} at most with algorithm "window": for more write algorithm: "gcra"`;
  }
  return count(1)(value, {}, "");
}

function count(min: number, max: number = Number.MAX_SAFE_INTEGER): Rule {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return (value) =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max
      ? null
      : `must be a whole number ${range}`;
}

function oneOf(...values: readonly string[]): Rule {
  const all = values.map((one) => `"${one}"`).join(" or ");
  return (value) => (typeof value === "string" && values.includes(value) ? null : `must be ${all}`);
}

function trueOrFalse(value: unknown): string | null {
  return typeof value === "boolean" ? null : "must be true or false";
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? null : "must be a text that is not empty";
}

/** Throws for what is no duration at all. */
function duration(maxMs: number = LIMITS.flowPeriodMsMax): Rule {
  const minMs = LIMITS.flowPeriodMsMin;
  return (value, _beside, place) => {
    if (value === undefined) return "is missing";
    const ms = durationMs(value as DurationInput, place);
    const isWithin = ms >= minMs && ms <= maxMs;
    return isWithin ? null : `must be from ${formatDuration(minMs)} to ${maxMs / 3_600_000}h`;
  };
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;
