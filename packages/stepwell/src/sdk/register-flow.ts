/**
 * Flow control as the wire registers it. Fields of the protocol are used wherever they say what is meant; what other
 * servers would misread goes into an object of its own, `stepwell`, which they do not look at.
 */
import type { RegisterConcurrency, RegisterFlow, RegisterOwnForms } from "../protocol/register.ts";
import { type DurationInput, durationText } from "./duration-input.ts";
import type { ConcurrencyInput, DebounceOption, FlowOptions } from "./flow-options.ts";

export function registerFlow(options: FlowOptions, slug: string): RegisterFlow {
  const duration = (value: DurationInput, name: string) => durationText(value, `${slug}: ${name}`);
  const { throttle, rateLimit, batchEvents, priority, backlog, weight, whenUnreachable } = options;
  const own = ownForms(options, slug);
  return defined({
    concurrency: concurrencyOf(options),
    throttle: throttle && { ...throttle, period: duration(throttle.period, "throttle.period") },
    rateLimit: rateLimit && { ...rateLimit, period: duration(rateLimit.period, "rateLimit.period") },
    idempotency: own.idempotency === undefined ? idempotencyKey(options) : undefined,
    debounce: own.debounce === undefined ? debounceOf(options.debounce, slug) : undefined,
    batchEvents: batchEvents && { ...batchEvents, timeout: duration(batchEvents.timeout, "batchEvents.timeout") },
    priority: typeof priority === "string" ? { run: priority } : priority,
    singleton: own.singleton === undefined ? (options.singleton as RegisterFlow["singleton"]) : undefined,
    backlog,
    weight,
    whenUnreachable,
    stepwell: Object.keys(own).length === 0 ? undefined : own,
  });
}

/** Options whose nearest official form would do something else. */
function ownForms({ idempotency, debounce, singleton }: FlowOptions, slug: string): RegisterOwnForms {
  const period = typeof idempotency === "object" ? idempotency.period : undefined;
  const releases = typeof idempotency === "object" && idempotency.releaseOnFailure === true;
  const isDebounceOwn = debounce?.collect === true || (debounce?.mode ?? "trailing") !== "trailing";
  return defined({
    idempotency:
      typeof idempotency === "object" && (period !== undefined || releases)
        ? defined({
            ...idempotency,
            period: period === undefined ? undefined : durationText(period, `${slug}: idempotency.period`),
          })
        : undefined,
    debounce: isDebounceOwn ? debounceOf(debounce, slug) : undefined,
    singleton: singleton?.mode.startsWith("queue-") ? singleton : undefined,
  });
}

const idempotencyKey = ({ idempotency }: FlowOptions): string | undefined =>
  typeof idempotency === "object" ? idempotency.key : idempotency;

function debounceOf(option: DebounceOption | undefined, slug: string) {
  if (option === undefined) return undefined;
  const { period, timeout } = option;
  return defined({
    ...option,
    period: durationText(period, `${slug}: debounce.period`),
    timeout: timeout === undefined ? undefined : durationText(timeout, `${slug}: debounce.timeout`),
  });
}

/** By level only where there are rules for whole runs: not every server knows that form. */
function concurrencyOf(options: FlowOptions): RegisterFlow["concurrency"] | undefined {
  const [step, fn] = [callRules(options), runRules(options)];
  if (fn.length > 0) return { step, fn };
  return step.length === 0 ? undefined : step;
}

/** The rules for calls that are being executed. */
export function callRules({ concurrency }: FlowOptions): readonly RegisterConcurrency[] {
  return isByLevel(concurrency) ? rulesOf(concurrency.step) : rulesOf(concurrency);
}

/** The rules for whole runs. */
export function runRules({ concurrency, runConcurrency }: FlowOptions): readonly RegisterConcurrency[] {
  return [...rulesOf(isByLevel(concurrency) ? concurrency.fn : undefined), ...rulesOf(runConcurrency)];
}

type ByLevel = { readonly step?: ConcurrencyInput; readonly fn?: ConcurrencyInput };

function isByLevel(option: FlowOptions["concurrency"]): option is ByLevel {
  return typeof option === "object" && option !== null && ("step" in option || "fn" in option);
}

function rulesOf(input: ConcurrencyInput | undefined): RegisterConcurrency[] {
  if (input === undefined || input === null) return [];
  const rules = (Array.isArray(input) ? input : [input]) as readonly (number | RegisterConcurrency)[];
  return rules.map((rule) => (typeof rule === "object" && rule !== null ? rule : { limit: rule }));
}

/** Leaves out what is undefined: optional keys are absent on the wire, never null. */
export function defined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as never;
}
