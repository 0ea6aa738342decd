/**
 * One registered function: from what an app sends (in all the shapes SDKs use) to the
 * configuration the engine keeps.
 *
 *   FC1. All problems of a function are found at once; each names the option, its value and the rule.
 *   FC2. What is accepted here never fails later for its form: expressions compile, crons tick, durations have a length.
 */
import { z } from "zod";
import { isCronProblem, parseCron } from "../core/cron/cron.ts";
import { isValidPattern } from "../core/match/pattern.ts";
import { parseDuration } from "../protocol/duration.ts";
import { type FunctionConfig, functionId, type Trigger } from "../protocol/function.ts";
import { uuidFromName } from "../protocol/hash.ts";
import { canonicalJson, isJsonObject, type JsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import { normalizeCallUrl } from "./app-url.ts";
import { ALWAYS, duration, expression, oneOf, text, textWith, trueOrFalse, wholeNumber } from "./config-values.ts";
import { flowOf, flowShape, refuseTogether, withOwnForms } from "./flow-config.ts";
import { looseObject, optionalText } from "./loose-object.ts";

const SLUG_CHARS_MAX = 512;

const atMost = (count: number): string => `it may hold ${count} at most`;

const trigger = looseObject({
  event: optionalText(
    textWith((value) =>
      isValidPattern(value)
        ? null
        : `it must be an event name of at most ${LIMITS.triggerNameCharsMax} characters, with a * only at the end after / or .`,
    ),
  ),
  expression: optionalText(expression("event")),
  cron: optionalText(
    textWith((value) => {
      const cron = parseCron(value);
      return isCronProblem(cron) ? cron.reason : null;
    }),
  ),
  jitter: optionalText(duration(LIMITS.jitterMsMin, LIMITS.jitterMsMax)),
  misfire: optionalText(oneOf("skip", "once", "all")),
  overlap: optionalText(oneOf("allow", "skip", "cancel", "queue")),
}).superRefine((value, context) => {
  if ((value.event === undefined) === (value.cron === undefined)) {
    context.addIssue({ code: "custom", message: "it needs either an event or a cron" });
  }
});

const step = looseObject({
  id: optionalText(z.string()),
  name: optionalText(z.string()),
  runtime: looseObject({
    type: optionalText(z.string()),
    url: textWith((value) => {
      if (/^wss?:/i.test(value)) return "worker connections are not supported by this server; serve over HTTP";
      return normalizeCallUrl(value) === null ? "it must be an http or https URL" : null;
    }),
  }),
  retries: looseObject({ attempts: wholeNumber(0, LIMITS.retriesMax).optional() }).optional(),
});

const functionShape = looseObject({
  id: text.max(SLUG_CHARS_MAX),
  name: z.string("a function name is required").min(1, "a function name is required"),
  triggers: z
    .array(trigger)
    .max(LIMITS.triggersMax, atMost(LIMITS.triggersMax))
    .default([])
    .superRefine(refuseDuplicates),
  ...flowShape,
  cancel: z
    .array(
      looseObject({
        event: text.max(LIMITS.triggerNameCharsMax),
        if: optionalText(expression("event", "async")),
        timeout: optionalText(textWith(timeoutRule)),
      }),
    )
    .max(LIMITS.cancelRulesMax, atMost(LIMITS.cancelRulesMax))
    .optional(),
  timeouts: looseObject({
    start: optionalText(duration(0)),
    finish: optionalText(duration(0)),
    asFailure: trueOrFalse.optional(),
  }).optional(),
  retries: wholeNumber(0, LIMITS.retriesMax).optional(),
  checkpoint: z.unknown().optional(),
  steps: z
    .record(z.string(), step)
    .refine((value) => Object.keys(value).length === 1, "there must be exactly one entry, named step"),
}).superRefine(refuseTogether, ALWAYS);

const functionSchema = z.preprocess(withOwnForms, functionShape);

type FunctionInput = z.infer<typeof functionSchema>;

/** A duration, or an ISO date. */
function timeoutRule(value: string): string | null {
  if (parseDuration(value) !== null) return null;
  return /^\d{4}-\d\d/.test(value) && !Number.isNaN(Date.parse(value)) ? null : "it must be a duration or an ISO date";
}

function refuseDuplicates(triggers: readonly z.infer<typeof trigger>[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { event, expression: condition, cron }] of triggers.entries()) {
    const name = canonicalJson([event ?? null, condition ?? null, cron ?? null]);
    if (seen.has(name))
      context.addIssue({ code: "custom", path: [index], input: triggers[index], message: "it is given twice" });
    seen.add(name);
  }
}

export type FunctionReading =
  | { readonly config: FunctionConfig; readonly problems?: never }
  | { readonly problems: readonly string[]; readonly config?: never };

/** Reads one function of a registration; `index` names it where it has no usable id. */
export function readFunction(value: unknown, appId: string, index: number): FunctionReading {
  const id = isJsonObject(value) && typeof value["id"] === "string" && value["id"] !== "" ? value["id"] : null;
  const name = id === null ? `functions[${index}]` : `function ${id.slice(0, 128)}`;
  if (!isCanonical(value)) return { problems: [`${name}: it has texts or numbers that JSON cannot carry`] };
  const parsed = functionSchema.safeParse(value, { reportInput: true });
  if (parsed.success) return { config: configOf(parsed.data, appId) };
  return { problems: parsed.error.issues.map((issue) => problemText(name, issue)) };
}

/** False for halves of surrogate pairs and numbers out of range: they could not be stored as they are. */
function isCanonical(value: unknown): boolean {
  try {
    canonicalJson(value);
    return true;
  } catch {
    return false;
  }
}

function configOf(input: FunctionInput, appId: string): FunctionConfig {
  const call = Object.values(input.steps)[0]!;
  return {
    id: uuidFromName(functionId(appId, input.id)),
    slug: input.id,
    name: input.name,
    appId,
    triggers: input.triggers.map(triggerOf),
    retries: call.retries?.attempts ?? input.retries ?? LIMITS.retriesDefault,
    url: normalizeCallUrl(call.runtime.url)!,
    cancelOn: (input.cancel ?? []).map((rule) => ({
      event: rule.event,
      expression: rule.if ?? null,
      timeout: rule.timeout ?? null,
    })),
    timeouts: {
      startMs: durationOf(input.timeouts?.start),
      finishMs: durationOf(input.timeouts?.finish),
      asFailure: input.timeouts?.asFailure ?? false,
    },
    flow: flowOf(input),
    raw: JSON.parse(canonicalJson(input)) as JsonObject,
  };
}

const durationOf = (text: string | undefined): number | null => (text === undefined ? null : parseDuration(text));

function triggerOf(input: z.infer<typeof trigger>): Trigger {
  if (input.event !== undefined) return { kind: "event", event: input.event, expression: input.expression ?? null };
  return {
    kind: "cron",
    cron: input.cron!,
    jitterMs: input.jitter === undefined ? 0 : parseDuration(input.jitter)!,
    misfire: input.misfire ?? "once",
    overlap: input.overlap ?? "allow",
  };
}

/** `function shop-send: triggers[0].cron "* *": it has 2 fields instead of 5`. */
function problemText(name: string, issue: z.core.$ZodIssue): string {
  const path = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  const reason = issue.message.replace(/^Invalid (input|option): /, "");
  if (path === "") return `${name}: ${reason}`;
  const value = issue.input === undefined ? "" : ` ${shown(issue.input)}`;
  return `${name}: ${path.replace(/^\./, "")}${value}: ${reason}`;
}

function shown(value: unknown): string {
  const whole = JSON.stringify(value) ?? String(value);
  return whole.length > 64 ? `${whole.slice(0, 64)}…` : whole;
}
