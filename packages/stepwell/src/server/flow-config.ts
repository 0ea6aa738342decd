/**
 * Flow control as apps register it (the official options and ours beside), and as the engine keeps it (FlowConfig).
 *
 *   FL1. What apps of other SDKs register keeps its meaning and its defaults.
 *   FL2. An option that could not do what it says is refused, never left out silently.
 */
import { z } from "zod";
import { formatDuration, parseDuration } from "../protocol/duration.ts";
import type { BatchRule, DebounceRule, FlowConfig, IdempotencyRule, RateLimitRule } from "../protocol/flow.ts";
import { REFUSED_TOGETHER } from "../protocol/flow-combinations.ts";
import { isJsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import { concurrency, concurrencyRules, runConcurrency } from "./concurrency-config.ts";
import { ALWAYS, duration, expression, key, oneOf, trueOrFalse, wholeNumber } from "./config-values.ts";
import { looseObject, optionalText } from "./loose-object.ts";

const throttle = looseObject({
  limit: wholeNumber(0).default(0),
  period: duration(),
  burst: wholeNumber(0).default(0),
  key,
});

const rateLimit = looseObject({
  limit: wholeNumber(1),
  period: duration(LIMITS.flowPeriodMsMin, LIMITS.rateLimitPeriodMsMax),
  key,
  algorithm: optionalText(oneOf("window", "gcra")),
}).superRefine((value, context) => {
  const { limit, algorithm } = partsOf(value);
  if (algorithm !== "window" || typeof limit !== "number" || limit <= LIMITS.rateLimitWindowMax) return;
  const message = `algorithm "window" counts exactly, up to ${LIMITS.rateLimitWindowMax}: for more write algorithm: "gcra"`;
  context.addIssue({ code: "custom", message, path: ["limit"], input: limit });
}, ALWAYS);

/** A text is the key of a rule with the defaults. */
const idempotencyRule = z.preprocess(
  (value) => (typeof value === "string" ? { key: value } : value),
  looseObject({
    key: expression("event"),
    period: optionalText(duration()),
    releaseOnFailure: trueOrFalse.optional(),
  }),
);

const debounce = looseObject({
  period: duration(LIMITS.flowPeriodMsMin, LIMITS.debouncePeriodMsMax),
  timeout: optionalText(duration()),
  key,
  mode: optionalText(oneOf("trailing", "leading", "both")),
  collect: trueOrFalse.optional(),
}).superRefine((value, context) => {
  const { mode, collect, timeout } = partsOf(value);
  if (mode !== "leading") return;
  const refuse = (path: string, input: unknown, message: string) =>
    context.addIssue({ code: "custom", message, path: [path], input });
  if (collect === true) {
    refuse("collect", collect, 'with mode "leading" no run comes after the events: write "trailing" or "both"');
  }
  if (timeout !== undefined) refuse("timeout", timeout, 'with mode "leading" no event waits: leave it out');
}, ALWAYS);

const batchEvents = looseObject({
  maxSize: wholeNumber(2, LIMITS.batchSizeMax).default(LIMITS.batchSizeDefault),
  timeout: duration().default(formatDuration(LIMITS.batchTimeoutMsDefault)),
  key,
  if: optionalText(expression("event")),
  maxBytes: wholeNumber(1, LIMITS.batchBytesMax).optional(),
});

/** The options of a function that are about flow control, each as registered. */
export const flowShape = {
  concurrency: concurrency.optional(),
  runConcurrency: runConcurrency.optional(),
  throttle: throttle.optional(),
  rateLimit: rateLimit.optional(),
  idempotency: optionalText(idempotencyRule),
  debounce: debounce.optional(),
  batchEvents: batchEvents.optional(),
  priority: z
    .preprocess((value) => (typeof value === "string" ? { run: value } : value), looseObject({ run: key }))
    .optional(),
  singleton: looseObject({
    mode: optionalText(oneOf("skip", "cancel", "queue-latest", "queue-all")),
    key,
  }).optional(),
  backlog: looseObject({
    limit: wholeNumber(1),
    policy: optionalText(oneOf("reject", "drop-oldest", "drop-newest")),
  }).optional(),
  weight: wholeNumber(1, LIMITS.weightMax).optional(),
  whenUnreachable: optionalText(oneOf("retry", "wait")),
};

const flowSchema = z.object(flowShape);
type FlowInput = z.infer<typeof flowSchema>;

/**
 * Options in forms that other servers of the protocol would misread come in an object of their own, `stepwell`, under
 * the names that they have for the user; they stand in for what is beside it.
 */
export function withOwnForms(value: unknown): unknown {
  if (!isJsonObject(value) || !isJsonObject(value["stepwell"])) return value;
  const { stepwell, ...others } = value;
  const own = Object.entries(stepwell).filter(([name]) => name in flowShape);
  return { ...others, ...Object.fromEntries(own) };
}

/** Every pair of options that cannot stand together; also where other options are wrong. */
export function refuseTogether(value: unknown, context: z.RefinementCtx): void {
  const parts = partsOf(value);
  for (const { option, other, reason } of REFUSED_TOGETHER) {
    if (parts[option] === undefined || parts[other] === undefined) continue;
    const message = `it cannot be combined with ${other}: ${reason}`;
    context.addIssue({ code: "custom", message, path: [option], input: parts[option] });
  }
}

export function flowOf(input: FlowInput): FlowConfig {
  const rules = (of: Parameters<typeof concurrencyRules>[0] | undefined) => concurrencyRules(of ?? []);
  return {
    concurrency: rules(input.concurrency?.step),
    runConcurrency: rules([...(input.concurrency?.fn ?? []), ...(input.runConcurrency ?? [])]),
    throttle: input.throttle === undefined ? null : throttleOf(input.throttle),
    rateLimit: input.rateLimit === undefined ? null : rateLimitOf(input.rateLimit),
    idempotency: input.idempotency === undefined ? null : idempotencyOf(input.idempotency),
    debounce: input.debounce === undefined ? null : debounceOf(input.debounce),
    batch: input.batchEvents === undefined ? null : batchOf(input.batchEvents),
    priority: input.priority?.run ?? null,
    singleton:
      input.singleton === undefined ? null : { key: input.singleton.key ?? null, mode: input.singleton.mode ?? "skip" },
    backlog:
      input.backlog === undefined ? null : { limit: input.backlog.limit, policy: input.backlog.policy ?? "reject" },
    weight: input.weight ?? 1,
    whenUnreachable: input.whenUnreachable ?? "retry",
  };
}

function throttleOf({ limit, period, burst, key: of }: z.infer<typeof throttle>) {
  return { limit: Math.max(limit, 1), periodMs: parseDuration(period)!, burst, key: of ?? null };
}

/** Exactly, unless that would be too much to remember: then evenly (FL1: other SDKs name no algorithm). */
function rateLimitOf({ limit, period, key: of, algorithm }: z.infer<typeof rateLimit>): RateLimitRule {
  const fitting = limit > LIMITS.rateLimitWindowMax ? "gcra" : "window";
  return { limit, periodMs: parseDuration(period)!, key: of ?? null, algorithm: algorithm ?? fitting };
}

function idempotencyOf({ key: of, period, releaseOnFailure }: z.infer<typeof idempotencyRule>): IdempotencyRule {
  return {
    key: of,
    periodMs: period === undefined ? LIMITS.idempotencyMsDefault : parseDuration(period)!,
    releaseOnFailure: releaseOnFailure ?? false,
  };
}

function debounceOf({ period, timeout, key: of, mode, collect }: z.infer<typeof debounce>): DebounceRule {
  return {
    periodMs: parseDuration(period)!,
    timeoutMs: timeout === undefined ? null : parseDuration(timeout),
    key: of ?? null,
    mode: mode ?? "trailing",
    collect: collect ?? false,
  };
}

function batchOf({ maxSize, timeout, key: of, if: condition, maxBytes }: z.infer<typeof batchEvents>): BatchRule {
  return {
    sizeMax: maxSize,
    timeoutMs: parseDuration(timeout)!,
    key: of ?? null,
    condition: condition ?? null,
    bytesMax: maxBytes ?? LIMITS.batchBytesMax,
  };
}

/** What there is to see of a value, whatever it is. */
function partsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isJsonObject(value) ? value : {};
}
