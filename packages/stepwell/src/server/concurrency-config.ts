/**
 * Concurrency as apps register it: a number, a rule, a list of rules, or rules by level (`step` for calls that are
 * being executed, `fn` for whole runs).
 *
 *   CC1. A limit of 0, or none, is no limit: the rule is left out of what the engine keeps.
 *   CC2. Rules are kept with the lowest limit first, which is the order in which they are asked.
 *   CC3. Of several rules with the same scope and key only the lowest counts, and only it is kept.
 */
import { z } from "zod";
import type { ConcurrencyRule } from "../protocol/flow.ts";
import { isJsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import { ALWAYS, key, oneOf, wholeNumber } from "./config-values.ts";
import { looseObject, optionalText } from "./loose-object.ts";

const ruleSchema = looseObject({
  limit: wholeNumber(0).optional(),
  key,
  scope: z.preprocess(
    (value) => (typeof value === "string" ? value.toLowerCase() : value),
    optionalText(oneOf("fn", "env", "account")),
  ),
  guaranteed: wholeNumber(0).optional(),
  burst: wholeNumber(1).optional(),
}).superRefine((value, context) => {
  if (!isRecord(value)) return;
  for (const [option, reason] of ruleProblems(value)) {
    context.addIssue({ code: "custom", message: reason, path: [option], input: value[option] });
  }
}, ALWAYS);

type RuleInput = z.infer<typeof ruleSchema>;

function* ruleProblems(rule: RuleInput): Generator<[keyof RuleInput, string]> {
  const { limit = 0, scope, guaranteed = 0, burst } = rule;
  const hasKey = rule.key !== undefined;
  if ((scope === "env" || scope === "account") && !hasKey) yield ["scope", `scope ${scope} needs a key`];
  if (guaranteed > 0 && !hasKey) yield ["guaranteed", "it is for each value of a key: the rule needs a key"];
  if (burst !== undefined && !hasKey) yield ["burst", "it is for each value of a key: the rule needs a key"];
  if ((guaranteed > 0 || burst !== undefined) && limit === 0) {
    yield ["limit", "a rule with guaranteed or burst needs a limit of at least 1"];
    return;
  }
  if (guaranteed > 0 && guaranteed > limit)
    yield ["guaranteed", `it must be at most the rule's limit, which is ${limit}`];
  if (burst !== undefined && burst < limit) yield ["burst", `it must be at least the rule's limit, which is ${limit}`];
}

/** `concurrency`: rules by level. */
export const concurrency = z.unknown().transform((value, context) => {
  const levels = levelsOf(value);
  if (levels === null) return { fn: [], step: readRules(value, [], context) };
  return { fn: readRules(levels.fn, ["fn"], context), step: readRules(levels.step, ["step"], context) };
});

/** `runConcurrency`: rules for whole runs. */
export const runConcurrency = z.unknown().transform((value, context) => {
  if (levelsOf(value) === null) return readRules(value, [], context);
  const message = "it has no levels, for it is about whole runs: write a number, a rule or a list of rules";
  context.addIssue({ code: "custom", message, input: value });
  return z.NEVER;
});

const levelsSchema = looseObject({ step: z.unknown().optional(), fn: z.unknown().optional() });

function levelsOf(value: unknown): z.infer<typeof levelsSchema> | null {
  if (!isJsonObject(value)) return null;
  const levels = levelsSchema.parse(value);
  return levels.step === undefined && levels.fn === undefined ? null : levels;
}

type Path = readonly (string | number)[];

function readRules(value: unknown, path: Path, context: z.RefinementCtx): RuleInput[] {
  if (value === undefined || value === null) return [];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length > LIMITS.concurrencyRulesMax) {
    const message = `it may hold ${LIMITS.concurrencyRulesMax} rules at most`;
    context.addIssue({ code: "custom", message, path: [...path], input: value });
    return [];
  }
  const paths = values.map((_, index): Path => (Array.isArray(value) ? [...path, index] : path));
  const rules = values.map((rule, index) => readRule(rule, paths[index]!, context));
  const whole = rules.filter((rule) => rule !== null);
  if (whole.length === rules.length && whole.filter(isLimit).length < 2) refuseBursts(whole, paths, context);
  return whole;
}

function readRule(value: unknown, path: Path, context: z.RefinementCtx): RuleInput | null {
  const isNumber = typeof value === "number";
  if (!isNumber && !isJsonObject(value)) {
    const message = "it must be a number, a rule or a list of rules";
    context.addIssue({ code: "custom", message, path: [...path], input: value });
    return null;
  }
  const parsed = ruleSchema.safeParse(isNumber ? { limit: value } : value, { reportInput: true });
  if (parsed.success) return parsed.data;
  for (const { message, path: inner, input } of parsed.error.issues) {
    const where = isNumber ? path : [...path, ...(inner as Path)];
    context.addIssue({ code: "custom", message, path: [...where], input });
  }
  return null;
}

/** A burst borrows the room of another limit. Without one it would be the limit itself under another name. */
function refuseBursts(rules: readonly RuleInput[], paths: readonly Path[], context: z.RefinementCtx): void {
  const message = "it needs a second rule with a limit, whose room it may use";
  for (const [index, { burst }] of rules.entries()) {
    if (burst === undefined) continue;
    context.addIssue({ code: "custom", message, path: [...paths[index]!, "burst"], input: burst });
  }
}

const isLimit = (rule: RuleInput): boolean => (rule.limit ?? 0) > 0;

export function concurrencyRules(inputs: readonly RuleInput[]): ConcurrencyRule[] {
  const rules = new Map<string, ConcurrencyRule>();
  for (const { limit = 0, key: of = null, scope = "fn", guaranteed = 0, burst = null } of inputs) {
    const name = `${scope} ${of ?? ""}`;
    const known = rules.get(name);
    if (limit === 0 || (known !== undefined && mostOf(known) <= (burst ?? limit))) continue; // CC1, CC3
    rules.set(name, { limit, key: of, scope, guaranteed, burst });
  }
  return [...rules.values()].sort((left, right) => left.limit - right.limit); // CC2
}

const mostOf = (rule: ConcurrencyRule): number => rule.burst ?? rule.limit;

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null;
