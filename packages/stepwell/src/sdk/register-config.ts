/** A function's options as the wire registers them. */
import { QUERY, UNTARGETED } from "../protocol/headers.ts";
import type { RegisterFunction, RegisterTrigger } from "../protocol/register.ts";
import { type DurationInput, durationText, timeoutText } from "./duration-input.ts";
import type { AnyFunction, CancelOption, FunctionOptions } from "./function.ts";
import { defined, registerFlow } from "./register-flow.ts";
import type { TriggerInput } from "./trigger.ts";
import { conditionOf } from "./wait.ts";

/** The registration of a function and of what handles the ends of its runs. */
export function registrationsOf(fn: AnyFunction, appUrl: string): RegisterFunction[] {
  return [fn, ...fn.hooks].map((one) => registration(one, appUrl));
}

function registration(fn: AnyFunction, appUrl: string): RegisterFunction {
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
    ...registerFlow(fn.options, fn.slug),
    ...endings(fn.options, fn.slug),
  };
}

/** Where calls of this function arrive. Other query parameters of the app's URL are kept. */
function callUrl(appUrl: string, slug: string): string {
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

function endings({ cancelOn, timeouts }: FunctionOptions, slug: string): Pick<RegisterFunction, "cancel" | "timeouts"> {
  const duration = (value: DurationInput | undefined, name: string) =>
    value === undefined ? undefined : durationText(value, `${slug}: ${name}`);
  return defined({
    cancel: cancelOn?.map((rule) => cancelRule(rule, slug)),
    timeouts:
      timeouts &&
      defined({
        start: duration(timeouts.start, "timeouts.start"),
        finish: duration(timeouts.finish, "timeouts.finish"),
        asFailure: timeouts.asFailure,
      }),
  });
}

function cancelRule(rule: CancelOption, slug: string): { event: string; if?: string; timeout?: string } {
  const where = `${slug}: cancelOn`;
  const timeout = rule.timeout === undefined ? undefined : timeoutText(rule.timeout, `${where}.timeout`);
  return defined({ event: rule.event, if: conditionOf(rule, where), timeout });
}
