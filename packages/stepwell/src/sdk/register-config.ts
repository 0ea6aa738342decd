/** A function's options as the wire registers them (protocol.md §1.6.2). */
import { QUERY, UNTARGETED } from "../protocol/headers.ts";
import type { RegisterConcurrency, RegisterFunction, RegisterTrigger } from "../protocol/register.ts";
import { type DurationInput, durationText, timeoutText } from "./duration-input.ts";
import type { AnyFunction, CancelOption, FunctionOptions } from "./function.ts";
import type { TriggerInput } from "./trigger.ts";
import { conditionOf } from "./wait.ts";

/** The registration of a function and of what handles the ends of its runs. */
export function registrationsOf(fn: AnyFunction, appUrl: string): RegisterFunction[] {
  return [fn, ...fn.hooks].map((one) => registration(one, appUrl));
}

export function registration(fn: AnyFunction, appUrl: string): RegisterFunction {
  return {
    id: fn.slug,
    name: fn.name,
    triggers: fn.triggers.map((trigger) => registerTrigger(trigger, fn.slug)),
    steps: {
      step: {
        id: "step",
        name: "step",
        runtime: { type: "http", url: callUrl(appUrl, fn.slug) },
        retries: { attempts: fn.retries },
      },
    },
    ...flowControl(fn.options, fn.slug),
  };
}

/** Where calls of this function arrive. Other query parameters of the app's URL are kept. */
export function callUrl(appUrl: string, slug: string): string {
  const url = new URL(appUrl);
  url.searchParams.set(QUERY.functionSlug, slug);
  url.searchParams.set(QUERY.stepId, UNTARGETED);
  return url.href;
}

function registerTrigger(trigger: TriggerInput, where: string): RegisterTrigger {
  if ("cron" in trigger) {
    const { cron, timezone, jitter, misfire, overlap } = trigger;
    return defined({
      cron: timezone === undefined ? cron : `TZ=${timezone} ${cron}`,
      jitter: jitter === undefined ? undefined : durationText(jitter, `${where}: jitter`),
      misfire,
      overlap,
    });
  }
  const event = typeof trigger.event === "string" ? trigger.event : trigger.event.event;
  return defined({ event, expression: "if" in trigger ? trigger.if : undefined });
}

function flowControl(
  options: FunctionOptions,
  slug: string,
): Omit<RegisterFunction, "id" | "name" | "triggers" | "steps"> {
  const duration = (value: DurationInput | undefined, name: string) =>
    value === undefined ? undefined : durationText(value, `${slug}: ${name}`);
  const { throttle, rateLimit, debounce, batchEvents, timeouts } = options;
  return defined({
    concurrency: concurrencyOf(options.concurrency),
    throttle: throttle && { ...throttle, period: duration(throttle.period, "throttle.period")! },
    rateLimit: rateLimit && { ...rateLimit, period: duration(rateLimit.period, "rateLimit.period")! },
    debounce:
      debounce &&
      defined({
        ...debounce,
        period: duration(debounce.period, "debounce.period")!,
        timeout: duration(debounce.timeout, "debounce.timeout"),
      }),
    batchEvents: batchEvents && { ...batchEvents, timeout: duration(batchEvents.timeout, "batchEvents.timeout")! },
    priority: options.priority,
    singleton: options.singleton,
    idempotency: options.idempotency,
    cancel: options.cancelOn?.map((rule) => cancelRule(rule, slug)),
    timeouts:
      timeouts &&
      defined({
        start: duration(timeouts.start, "timeouts.start"),
        finish: duration(timeouts.finish, "timeouts.finish"),
        asFailure: timeouts.asFailure,
      }),
  });
}

function concurrencyOf(option: FunctionOptions["concurrency"]): RegisterConcurrency[] | undefined {
  if (option === undefined) return undefined;
  if (typeof option === "number") return [{ limit: option }];
  return Array.isArray(option) ? [...option] : [option as RegisterConcurrency];
}

function cancelRule(rule: CancelOption, slug: string): { event: string; if?: string; timeout?: string } {
  const where = `${slug}: cancelOn`;
  const timeout = rule.timeout === undefined ? undefined : timeoutText(rule.timeout, `${where}.timeout`);
  return defined({ event: rule.event, if: conditionOf(rule, where), timeout });
}

/** Leaves out what is undefined: optional keys are absent on the wire, never null. */
function defined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as never;
}
