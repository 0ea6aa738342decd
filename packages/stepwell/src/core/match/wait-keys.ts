/**
 * Under which keys a wait is stored, so that an arriving event finds the waits it may satisfy by a look-up instead of
 * asking every wait of its name. The keys only narrow the search: `waitMatches` decides.
 *
 *   K1. A plan finds too much rather than too little: whenever an event satisfies a wait, it has one of the planned
 *       keys, or the plan is the slow lane. `never` is planned only for what no event can satisfy.
 *   K2. What depends on the arriving event or on the time is not evaluated when a wait is armed.
 *   K3. Key texts are stored: equal values have one text. Changing how a text is made needs a migration.
 *   K4. An expression is taken apart once; arming is then linear in its terms, with bounded work and few rows.
 */
import { LRUCache } from "lru-cache";
import { sha1Hex } from "../../protocol/hash.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { childrenOf, ExpressionProblem, type Node, parseExpression } from "./ast.ts";
import { compileNode, type Evaluate, type Scope } from "./evaluate.ts";
import { compileExpression, isExpressionProblem } from "./expression.ts";
import { CLOCK_FUNCTIONS } from "./functions.ts";
import { EvaluationFailure, isAbsent, isMap, isTruthy, spend, type Value } from "./value.ts";

/** One index entry of a wait. Path "" is the slow lane: every event of that name must be looked at. */
export interface WaitKey {
  readonly path: string;
  readonly value: string;
}

/** What an arming wait is stored under. `never`: it can never be true, so nothing is stored and it times out. */
export type WaitPlan = { readonly kind: "keys"; readonly keys: readonly WaitKey[] } | { readonly kind: "never" };

/** Rows of one wait; beyond it the slow lane. */
const KEYS_MAX = 16;
/** Characters of a key's value; a longer text is replaced by its hash. */
const VALUE_LENGTH_MAX = 64;
/** Characters of a path; a longer one is not indexed. */
const PATH_LENGTH_MAX = 200;
/** Characters of a long text that are hashed, half of them from its end: looking at a huge event stays cheap. */
const HASHED_LENGTH_MAX = 4_096;
/** Work that arming one wait may spend; beyond it the slow lane. */
const WORK_MAX = 100_000;
/** Expressions kept taken apart. */
const OUTLINES_MAX = 2_000;

const VARIABLES = ["event", "async"] as const;
const SLOW_LANE: WaitPlan = { kind: "keys", keys: [{ path: "", value: "" }] };
const NEVER: WaitPlan = { kind: "never" };

const outlines = new LRUCache<string, Outline>({ max: OUTLINES_MAX });

/**
 * `expression` null: any event of the name satisfies the wait. `trigger` is the run's triggering event, `event` in the
 * expression; the event that arrives is `async`.
 */
export function planWait(expression: string | null, trigger: JsonObject, nowMs: number): WaitPlan | ExpressionProblem {
  if (expression === null) return SLOW_LANE;
  const outline = outlineOf(expression);
  if (outline instanceof ExpressionProblem) return outline;
  const scope: Scope = { event: trigger, async: undefined, nowMs, locals: [], work: WORK_MAX };
  try {
    const plan = planOf(outline, scope);
    if (plan === "never") return NEVER;
    return plan === "open" ? SLOW_LANE : { kind: "keys", keys: [...plan.keys.values()] };
  } catch {
    return SLOW_LANE; // Too much work, or an exhausted stack: nothing is known.
  }
}

/** The key text that an arriving event has at a path, comparable with `WaitKey.value`. */
export function valueAt(path: string, event: JsonObject): string {
  if (path === "") return "";
  let value: JsonValue | undefined = event;
  for (const name of path.split(".")) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return "null";
    value = value[name];
  }
  return keyTextOf(value) ?? "other";
}

/** True when the arriving event satisfies the wait. */
export function waitMatches(
  expression: string | null,
  trigger: JsonObject,
  arriving: JsonObject,
  nowMs: number,
): boolean {
  if (expression === null) return true;
  const compiled = compileExpression(expression, VARIABLES);
  return !isExpressionProblem(compiled) && compiled.test({ event: trigger, async: arriving }, nowMs);
}

/** What of an expression matters for its keys. It can only be true when its outline is. */
type Outline =
  | { readonly kind: "all" | "any"; readonly parts: readonly Outline[] }
  /** Its value is known when the wait is armed. */
  | { readonly kind: "known"; readonly evaluate: Evaluate }
  /** The arriving event's value at the path equals the known one, or (`isIn`) one item of the known list. */
  | {
      readonly kind: "equal";
      readonly path: string;
      readonly evaluate: Evaluate;
      readonly isIn: boolean;
      readonly weight: number;
    }
  | { readonly kind: "open" };

const OPEN: Outline = { kind: "open" };

/**
 * How little a key narrows the search; of several equalities the lightest is taken. A value from the trigger differs
 * from run to run, a literal is shared by all waits of a function, and nearly every event has nothing at most paths.
 */
const WEIGHT_OF_TRIGGER = 1;
const WEIGHT_OF_LITERAL = 50;
const WEIGHT_OF_BOOLEAN = 1_000;
const WEIGHT_OF_ABSENT = 10_000;

function outlineOf(expression: string): Outline | ExpressionProblem {
  const known = outlines.get(expression);
  if (known !== undefined) return known;
  const node = parseExpression(expression, VARIABLES);
  if (node instanceof ExpressionProblem) return node;
  const outline = outlineOfNode(node);
  outlines.set(expression, outline);
  return outline;
}

function outlineOfNode(node: Node): Outline {
  if (node.kind === "and") return { kind: "all", parts: node.terms.map(outlineOfNode) };
  if (node.kind === "or") return { kind: "any", parts: node.terms.map(outlineOfNode) };
  if (isKnown(node)) return { kind: "known", evaluate: compileNode(node) };
  if (node.kind !== "relation") return OPEN;
  if (node.operator === "==") return equality(node.left, node.right) ?? equality(node.right, node.left) ?? OPEN;
  return (node.operator === "in" ? equality(node.left, node.right, true) : null) ?? OPEN;
}

function equality(asked: Node, answer: Node, isIn = false): Outline | null {
  const path = pathOf(asked);
  if (path === null || !isKnown(answer)) return null;
  const weight = contains(answer, (node) => node.kind === "variable") ? WEIGHT_OF_TRIGGER : WEIGHT_OF_LITERAL;
  return { kind: "equal", path, evaluate: compileNode(answer), isIn, weight };
}

/** The path of `async.data.id`; null for anything else, and for names that a dotted path cannot tell apart. */
function pathOf(node: Node): string | null {
  const names: string[] = [];
  let at = node;
  for (; at.kind === "member"; at = at.of) names.push(at.name);
  if (at.kind !== "variable" || at.name !== "async" || !names.every(isPlainName)) return null;
  const path = names.reverse().join(".");
  return path.length > PATH_LENGTH_MAX || path === "" ? null : path;
}

function isPlainName(name: string): boolean {
  return name.isWellFormed() && /^[^.\p{Cc}]+$/u.test(name);
}

/** True when neither the arriving event nor the time takes part (K2). */
function isKnown(node: Node): boolean {
  return !contains(
    node,
    (part) =>
      (part.kind === "variable" && part.name === "async") || (part.kind === "call" && CLOCK_FUNCTIONS.has(part.name)),
  );
}

function contains(node: Node, isWanted: (part: Node) => boolean): boolean {
  return isWanted(node) || childrenOf(node).some((part) => contains(part, isWanted));
}

/** `open`: no key. An event that satisfies the part has one of the rows' keys. */
type Plan = "never" | "open" | Rows;
interface Rows {
  readonly keys: ReadonlyMap<string, WaitKey>;
  readonly weight: number;
}

function planOf(outline: Outline, scope: Scope): Plan {
  switch (outline.kind) {
    case "open":
      return "open";
    case "all":
      return planOfAll(outline.parts, scope);
    case "any":
      return union(outline.parts, (part) => planOf(part, scope));
    case "known": {
      const value = knownOrFailed(outline.evaluate, scope);
      return value !== FAILED && isTruthy(value) ? "open" : "never";
    }
    case "equal":
      return planOfEquality(outline, scope);
  }
}

/** One part that is never true decides, else the best keys of any part. */
function planOfAll(parts: readonly Outline[], scope: Scope): Plan {
  let best: Plan = "open";
  for (const part of parts) {
    const plan = planOf(part, scope);
    if (plan === "never") return "never";
    if (plan !== "open" && (best === "open" || plan.weight < best.weight)) best = plan;
  }
  return best;
}

/** The keys of all parts that can be true; open as soon as one part has no keys or there are too many (K4). */
function union<Part>(parts: readonly Part[], planOfPart: (part: Part) => Plan): Plan {
  const keys = new Map<string, WaitKey>();
  let weight = 0;
  for (const part of parts) {
    const plan = planOfPart(part);
    if (plan === "open") return "open";
    if (plan === "never") continue;
    for (const [id, key] of plan.keys) keys.set(id, key);
    if (keys.size > KEYS_MAX) return "open";
    weight += plan.weight;
  }
  return keys.size === 0 ? "never" : { keys, weight };
}

/** A failing side fails the term each time it is evaluated, and so does `in` beside something that has no items. */
const FAILED = Symbol("failed");

function planOfEquality(outline: Extract<Outline, { kind: "equal" }>, scope: Scope): Plan {
  const { path, weight } = outline;
  const value = knownOrFailed(outline.evaluate, scope);
  if (value === FAILED) return "never";
  if (!outline.isIn) return planOfValue(path, value, weight);
  if (!Array.isArray(value)) return isMap(value) ? "open" : "never"; // The keys of a map compare as texts.
  const items: readonly Value[] = value;
  spend(scope, items.length);
  return union(items, (item) => planOfValue(path, item, weight));
}

function planOfValue(path: string, value: Value, weightOfSource: number): Plan {
  if (isUnknownToJson(value)) return "never";
  const text = keyTextOf(value);
  if (text === null) return "open";
  const key = { path, value: text };
  return { keys: new Map([[`${path}\n${text}`, key]]), weight: weightOfSource + weightOf(value) };
}

function weightOf(value: Value): number {
  if (isAbsent(value)) return WEIGHT_OF_ABSENT;
  return typeof value === "boolean" ? WEIGHT_OF_BOOLEAN : 0;
}

/** True for a value that equals nothing an event can hold: times and types, not-a-number, integers between doubles. */
function isUnknownToJson(value: Value): boolean {
  if (typeof value === "number") return Number.isNaN(value);
  if (typeof value === "bigint") return BigInt(Number(value)) !== value;
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isMap(value);
}

/**
 * One text for all values that `==` takes for equal (K3): missing is null, integers and doubles are the same numbers.
 * Null for lists and maps.
 */
function keyTextOf(value: Value): string | null {
  if (value === undefined || value === null) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number" || typeof value === "bigint") return `n:${Number(value)}`;
  if (typeof value !== "string") return null;
  const isPlain = value.length + 2 <= VALUE_LENGTH_MAX && value.isWellFormed() && !/\p{Cc}/u.test(value);
  return isPlain ? `s:${value}` : `h:${sha1Hex(hashedPart(value))}`;
}

/** Texts that differ only in the middle share a key, which costs an evaluation and nothing else. */
function hashedPart(text: string): string {
  if (text.length <= HASHED_LENGTH_MAX) return text;
  const half = HASHED_LENGTH_MAX / 2;
  return `${text.length}:${text.slice(0, half)}${text.slice(-half)}`;
}

function knownOrFailed(evaluate: Evaluate, scope: Scope): Value | typeof FAILED {
  try {
    return evaluate(scope);
  } catch (error) {
    if (!(error instanceof EvaluationFailure) || scope.work < 0) throw error;
    return FAILED;
  }
}
