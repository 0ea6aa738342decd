/**
 * The tree of an expression, as the evaluator takes it: read by the CEL parser, then checked and made smaller.
 *
 *   A1. Every name in the tree is known: a variable of the place, a macro's variable, or a function with that many
 *       arguments. A typing error in a rule is found when it is registered, not when an event arrives.
 *   A2. Size and depth are bounded, so that neither reading nor evaluating it can exhaust the stack. Chains of `||`
 *       and `&&` are one node each and may be long.
 */
import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import type { ArithmeticOperator } from "./arithmetic.ts";
import { FUNCTIONS, TYPE_NAMES } from "./functions.ts";
import { compilePattern } from "./regex.ts";
import { checkedInt, EvaluationFailure, TypeName, type Value } from "./value.ts";

export type RelationOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in";
export type MacroName = "all" | "exists" | "exists_one" | "map" | "filter";

export type Node =
  | { readonly kind: "literal"; readonly value: Value }
  | { readonly kind: "variable"; readonly name: string }
  /** A macro's variable; slots are numbered from the outside in. */
  | { readonly kind: "local"; readonly slot: number }
  | { readonly kind: "member"; readonly of: Node; readonly name: string }
  | { readonly kind: "index"; readonly of: Node; readonly key: Node }
  | { readonly kind: "has"; readonly of: Node; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Node[]; readonly isMethod: boolean }
  | { readonly kind: "list"; readonly items: readonly Node[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Node, Node])[] }
  | { readonly kind: "or" | "and"; readonly terms: readonly Node[] }
  | { readonly kind: "not" | "negate"; readonly of: Node }
  | { readonly kind: "if"; readonly condition: Node; readonly whenTrue: Node; readonly whenFalse: Node }
  | { readonly kind: "relation"; readonly operator: RelationOperator; readonly left: Node; readonly right: Node }
  | { readonly kind: "arithmetic"; readonly operator: ArithmeticOperator; readonly left: Node; readonly right: Node }
  | MacroNode;

export interface MacroNode {
  readonly kind: "macro";
  readonly name: MacroName;
  readonly over: Node;
  readonly slot: number;
  /** Null for a `map` without a condition. */
  readonly predicate: Node | null;
  /** Only of `map`. */
  readonly transform: Node | null;
  /** What one turn costs: the number of nodes in it. */
  readonly turnWork: number;
}

/** Characters of an expression. */
const SOURCE_LENGTH_MAX = 4_096;
/** Nodes of its tree. */
const NODES_MAX = 2_000;
/** Nesting of its tree. */
const DEPTH_MAX = 80;

/** Why an expression cannot be used. */
export class ExpressionProblem {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

const parser = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: NODES_MAX, maxDepth: DEPTH_MAX },
});

export function parseExpression(source: string, variables: readonly string[]): Node | ExpressionProblem {
  if (source.trim() === "") return new ExpressionProblem("it is empty");
  if (source.length > SOURCE_LENGTH_MAX) {
    return new ExpressionProblem(`it has ${source.length} characters; the limit is ${SOURCE_LENGTH_MAX}`);
  }
  try {
    return new Reader(variables).read(parser.parse(source).ast, 0);
  } catch (error) {
    if (error instanceof ExpressionProblem) return error;
    if (error instanceof EvaluationFailure) return new ExpressionProblem(error.reason);
    const { summary, message } = error as { summary?: string; message?: string };
    return new ExpressionProblem(summary ?? message ?? "it cannot be read");
  }
}

/** The parts of a node, in the order of the text. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "literal":
    case "variable":
    case "local":
      return [];
    case "member":
    case "has":
    case "not":
    case "negate":
      return [node.of];
    case "index":
      return [node.of, node.key];
    case "call":
      return node.args;
    case "list":
      return node.items;
    case "map":
      return node.entries.flat();
    case "or":
    case "and":
      return node.terms;
    case "if":
      return [node.condition, node.whenTrue, node.whenFalse];
    case "relation":
    case "arithmetic":
      return [node.left, node.right];
    case "macro":
      return [node.over, node.predicate, node.transform].filter((part) => part !== null);
  }
}

/** Lives for one expression; throws ExpressionProblem, caught by `parseExpression`. */
class Reader {
  readonly #variables: readonly string[];
  /** Names of the macros around the current node, outermost first; the index is the slot. */
  readonly #locals: string[] = [];
  #nodes = 0;

  constructor(variables: readonly string[]) {
    this.#variables = variables;
  }

  read(node: ASTNode, depth: number): Node {
    this.#nodes++;
    if (depth > DEPTH_MAX) throw new ExpressionProblem(`it nests deeper than ${DEPTH_MAX} levels`); // A2
    const next = depth + 1;
    switch (node.op) {
      case "value":
        return { kind: "literal", value: literalOf(node.args) };
      case "id":
        return this.#name(node.args);
      case ".":
        return { kind: "member", of: this.read(node.args[0], next), name: node.args[1] };
      case "[]":
        return this.#index(node.args, next);
      case "call":
        return this.#call(node.args[0], null, node.args[1], next);
      case "rcall":
        return this.#call(node.args[0], node.args[1], node.args[2], next);
      case "list":
        return { kind: "list", items: node.args.map((item) => this.read(item, next)) };
      case "map":
        return {
          kind: "map",
          entries: node.args.map(([key, value]) => [this.read(key, next), this.read(value, next)]),
        };
      case "?:": {
        const [condition, whenTrue, whenFalse] = node.args.map((part) => this.read(part, next));
        return { kind: "if", condition: condition!, whenTrue: whenTrue!, whenFalse: whenFalse! };
      }
      case "||":
      case "&&":
        return this.#chain(node, node.op, next);
      case "!_":
        return { kind: "not", of: this.read(node.args, next) };
      case "-_":
        return this.#negate(node.args, next);
      case "+":
      case "-":
      case "*":
      case "/":
      case "%":
        return { kind: "arithmetic", operator: node.op, ...this.#sides(node.args, next) };
      case "==":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=":
      case "in":
        return { kind: "relation", operator: node.op, ...this.#sides(node.args, next) };
      default:
        throw new ExpressionProblem(`operator ${node.op} is not supported`);
    }
  }

  #sides([left, right]: readonly [ASTNode, ASTNode], depth: number): { left: Node; right: Node } {
    return { left: this.read(left, depth), right: this.read(right, depth) };
  }

  #name(name: string): Node {
    const slot = this.#locals.lastIndexOf(name);
    if (slot >= 0) return { kind: "local", slot };
    if (this.#variables.includes(name)) return { kind: "variable", name };
    if (TYPE_NAMES.has(name)) return { kind: "literal", value: new TypeName(name) };
    throw new ExpressionProblem(`${name} is not known here; use ${this.#variables.join(" or ")}`); // A1
  }

  /** `x["a"]` is `x.a`, so that both are equally fast. */
  #index([of, key]: readonly [ASTNode, ASTNode], depth: number): Node {
    const readOf = this.read(of, depth);
    const readKey = this.read(key, depth);
    if (readKey.kind === "literal" && typeof readKey.value === "string") {
      return { kind: "member", of: readOf, name: readKey.value };
    }
    return { kind: "index", of: readOf, key: readKey };
  }

  /** The tree leans left: walk down its spine instead of recursing (A2). */
  #chain(node: ASTNode, operator: "||" | "&&", depth: number): Node {
    const terms: ASTNode[] = [];
    let spine: ASTNode = node;
    while (spine.op === operator) {
      terms.push(spine.args[1]);
      spine = spine.args[0];
    }
    terms.push(spine);
    return { kind: operator === "||" ? "or" : "and", terms: terms.reverse().map((term) => this.read(term, depth)) };
  }

  /** The smallest integer can only be written as a negated literal. */
  #negate(of: ASTNode, depth: number): Node {
    if (of.op === "value" && typeof of.args === "bigint") return { kind: "literal", value: checkedInt(-of.args) };
    return { kind: "negate", of: this.read(of, depth) };
  }

  #call(name: string, receiver: ASTNode | null, args: readonly ASTNode[], depth: number): Node {
    if (receiver === null && name === "has") return this.#has(args, depth);
    if (receiver !== null && isMacro(name)) return this.#macro(name, receiver, args, depth);
    const definition = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    const isAllowed = receiver === null ? definition?.isGlobal : definition?.isMethod;
    if (definition === undefined || isAllowed !== true) throw new ExpressionProblem(`function ${name} is not known`); // A1
    const all = receiver === null ? args : [receiver, ...args];
    if (all.length < definition.argsMin || all.length > definition.argsMax) {
      throw new ExpressionProblem(`function ${name} does not take ${args.length} arguments`);
    }
    const read = all.map((arg) => this.read(arg, depth));
    if (name === "matches") checkPattern(read[1]!);
    return { kind: "call", name, args: read, isMethod: receiver !== null };
  }

  #has(args: readonly ASTNode[], depth: number): Node {
    const [path] = args;
    if (args.length !== 1 || path?.op !== ".")
      throw new ExpressionProblem("has() takes one field, as in has(event.data.id)");
    return { kind: "has", of: this.read(path.args[0], depth), name: path.args[1] };
  }

  #macro(name: MacroName, receiver: ASTNode, args: readonly ASTNode[], depth: number): Node {
    const [variable, first, second] = args;
    const isCountRight = args.length === 2 || (name === "map" && args.length === 3);
    if (!isCountRight || variable?.op !== "id" || first === undefined) {
      throw new ExpressionProblem(`${name} takes a variable and a condition, as in list.${name}(x, x > 1)`);
    }
    const over = this.read(receiver, depth);
    const slot = this.#locals.push(variable.args) - 1;
    const nodesBefore = this.#nodes;
    const inner = this.read(first, depth);
    const last = second === undefined ? null : this.read(second, depth);
    this.#locals.pop();
    const isPlainMap = name === "map" && last === null;
    const predicate = isPlainMap ? null : inner;
    const transform = isPlainMap ? inner : last;
    return { kind: "macro", name, over, slot, predicate, transform, turnWork: this.#nodes - nodesBefore };
  }
}

function isMacro(name: string): name is MacroName {
  return name === "all" || name === "exists" || name === "exists_one" || name === "map" || name === "filter";
}

function literalOf(value: Extract<ASTNode, { op: "value" }>["args"]): Value {
  if (typeof value === "bigint") return checkedInt(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) throw new ExpressionProblem("byte literals are not supported");
  return checkedInt(BigInt(String(value))); // An unsigned literal such as `5u`.
}

function checkPattern(node: Node): void {
  if (node.kind === "literal" && typeof node.value === "string") compilePattern(node.value);
}
