/**
 * Expressions of triggers, waits and keys: CEL with loose typing, so that configurations written for the wire
 * protocol mean the same here. What a missing field does is in value.ts, the functions are in functions.ts.
 *
 *   X1. Nothing here throws: reading and evaluating give a value or a reason.
 *   X2. The same bindings and instant give the same result; the time is an argument.
 *   X3. Text, tree, work and result are bounded; the work of one evaluation takes some ten milliseconds at most.
 */
import { LRUCache } from "lru-cache";
import { sha256Hex, utf8ToBytes } from "../../protocol/hash.ts";
import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import { ExpressionProblem, parseExpression } from "./ast.ts";
import { compileNode, type Evaluate, type Scope } from "./evaluate.ts";
import { EvaluationFailure, toJson, type Value } from "./value.ts";

export { ExpressionProblem };

export type ExpressionVariable = "event" | "async" | "output";

/** What the variables stand for. In a wait, `event` is the run's trigger and `async` the event that arrives. */
export interface ExpressionBindings {
  readonly event?: JsonObject;
  readonly async?: JsonObject;
  /** A run's result, or its error; absent while there is none. Lists of runs have it. */
  readonly output?: JsonValue;
}

/** Why an evaluation has no result. Told apart from every JSON value by `isExpressionFailure`. */
export class ExpressionFailure {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export interface CompiledExpression {
  readonly source: string;
  /** The result as JSON; a missing field is null. */
  evaluate(bindings: ExpressionBindings, nowMs: number): JsonValue | ExpressionFailure;
  /** True only for the result `true`: any other value and any failure is false. */
  test(bindings: ExpressionBindings, nowMs: number): boolean;
  /** The result as text, for keys. Missing fields and failures share the text `null`. */
  key(bindings: ExpressionBindings, nowMs: number): string;
}

/** Nodes that one evaluation may visit. */
const WORK_MAX = 1_000_000;
/** Characters of a key; a longer one is replaced by its hash. */
const KEY_LENGTH_MAX = 1_024;
/** Compiled expressions kept. */
const PROGRAMS_MAX = 10_000;

const programs = new LRUCache<string, CompiledExpression | ExpressionProblem>({ max: PROGRAMS_MAX });

/** Reads an expression in which these variables exist. The same text gives the same object again. */
export function compileExpression(
  source: string,
  variables: readonly ExpressionVariable[],
): CompiledExpression | ExpressionProblem {
  const cacheKey = `${variables.join()}:${source}`;
  const known = source.length > KEY_LENGTH_MAX * 4 ? undefined : programs.get(cacheKey);
  if (known !== undefined) return known;
  const node = parseExpression(source, variables);
  if (node instanceof ExpressionProblem) return node;
  const program = createProgram(source, compileNode(node));
  programs.set(cacheKey, program);
  return program;
}

export function isExpressionProblem(value: CompiledExpression | ExpressionProblem): value is ExpressionProblem {
  return value instanceof ExpressionProblem;
}

export function isExpressionFailure(value: JsonValue | ExpressionFailure): value is ExpressionFailure {
  return value instanceof ExpressionFailure;
}

function createProgram(source: string, evaluate: Evaluate): CompiledExpression {
  return {
    source,
    evaluate: (bindings, nowMs) =>
      settle(() => {
        const scope = scopeOf(bindings, nowMs);
        return toJson(evaluate(scope), scope);
      }),
    test(bindings, nowMs) {
      try {
        return evaluate(scopeOf(bindings, nowMs)) === true;
      } catch {
        return false; // X1
      }
    },
    key: (bindings, nowMs) => keyText(evaluate, scopeOf(bindings, nowMs)),
  };
}

function scopeOf(bindings: ExpressionBindings, nowMs: number): Scope {
  return { event: bindings.event, async: bindings.async, output: bindings.output, nowMs, locals: [], work: WORK_MAX };
}

function settle(evaluate: () => JsonValue): JsonValue | ExpressionFailure {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof EvaluationFailure) return new ExpressionFailure(error.reason);
    return new ExpressionFailure("the value nests too deep"); // The only other error: an exhausted stack.
  }
}

function keyText(evaluate: Evaluate, scope: Scope): string {
  const result = settle(() => toJson(evaluate(scope) satisfies Value, scope));
  if (result === null || isExpressionFailure(result)) return "null";
  const text = typeof result === "string" ? result : JSON.stringify(result);
  return text.length <= KEY_LENGTH_MAX ? text : `sha256:${sha256Hex(utf8ToBytes(text))}`;
}
