/**
 * Which functions an event starts, and why the others that listen on its name do not start.
 *
 *   T1. A function appears at most once per event: its triggers are tried in order and the first that is true wins.
 *   T2. The cost of an event depends on the functions that listen on its name, not on how many there are in all.
 *   T3. The result does not depend on the order in which apps were registered: it is sorted by function id.
 *
 * Mutable, lives as long as its engine; no I/O and no clock.
 */
import { LRUCache } from "lru-cache";
import type { EventTrigger, FunctionConfig } from "../../protocol/function.ts";
import type { JsonObject } from "../../protocol/json.ts";
import {
  type CompiledExpression,
  compileExpression,
  type ExpressionProblem,
  isExpressionFailure,
  isExpressionProblem,
} from "./expression.ts";
import { patternsFor } from "./pattern.ts";

export interface MatchableEvent {
  readonly name: string;
  /** The event as functions see it. Read only when an expression asks, so it may be a getter that parses. */
  readonly json: JsonObject;
}

export interface TriggerMatch {
  readonly fn: FunctionConfig;
  /** `filtered`: the name fits, but no expression was true. */
  readonly outcome: "matched" | "filtered";
  /** Why it was filtered. */
  readonly reason?: string;
}

interface Listener {
  readonly fn: FunctionConfig;
  readonly triggers: readonly ListeningTrigger[];
}

interface ListeningTrigger {
  /** A name or a pattern. */
  readonly event: string;
  /** Null means always. */
  readonly expression: CompiledExpression | ExpressionProblem | null;
}

/** Event names whose listeners are kept ready. */
const NAMES_MAX = 10_000;

const NOBODY: readonly Listener[] = [];

export class TriggerIndex {
  readonly #listenersByApp = new Map<string, readonly Listener[]>();
  readonly #listenersByPattern = new Map<string, Set<Listener>>();
  /** By event name, with only the triggers that fit it; emptied by every change. */
  readonly #listenersByName = new LRUCache<string, readonly Listener[]>({ max: NAMES_MAX });

  /** Replaces all functions of an app. */
  replaceApp(appId: string, functions: readonly FunctionConfig[]): void {
    this.removeApp(appId);
    const listeners = functions.map(listenerOf);
    this.#listenersByApp.set(appId, listeners);
    for (const listener of listeners) {
      for (const { event } of listener.triggers) {
        const others = this.#listenersByPattern.get(event);
        if (others === undefined) this.#listenersByPattern.set(event, new Set([listener]));
        else others.add(listener);
      }
    }
  }

  removeApp(appId: string): void {
    for (const listener of this.#listenersByApp.get(appId) ?? []) {
      for (const { event } of listener.triggers) {
        const listeners = this.#listenersByPattern.get(event);
        listeners?.delete(listener);
        if (listeners?.size === 0) this.#listenersByPattern.delete(event);
      }
    }
    this.#listenersByApp.delete(appId);
    this.#listenersByName.clear();
  }

  /** True when a function names this event, or a pattern that fits it, whatever its expression says. */
  hasListener(name: string): boolean {
    return this.#listenersOn(name).length > 0;
  }

  /** The functions that name this event, or a pattern that fits it. */
  listenerIds(name: string): string[] {
    return this.#listenersOn(name).map((listener) => listener.fn.id);
  }

  match(event: MatchableEvent, nowMs: number): TriggerMatch[] {
    return this.#listenersOn(event.name).map((listener) => matchListener(listener, event, nowMs));
  }

  #listenersOn(name: string): readonly Listener[] {
    const known = this.#listenersByName.get(name);
    if (known !== undefined) return known;
    const names = new Set([name, ...patternsFor(name)]);
    const found = new Set<Listener>();
    for (const pattern of names) {
      for (const listener of this.#listenersByPattern.get(pattern) ?? []) found.add(listener); // T1
    }
    const listeners = found.size === 0 ? NOBODY : [...found].sort(byFunctionId).map((one) => narrowed(one, names));
    this.#listenersByName.set(name, listeners);
    return listeners;
  }
}

function listenerOf(fn: FunctionConfig): Listener {
  const triggers = fn.triggers.filter((trigger): trigger is EventTrigger => trigger.kind === "event");
  return {
    fn,
    triggers: triggers.map(({ event, expression }) => ({
      event,
      expression: expression === null ? null : compileExpression(expression, ["event"]),
    })),
  };
}

function narrowed(listener: Listener, names: ReadonlySet<string>): Listener {
  return { fn: listener.fn, triggers: listener.triggers.filter((trigger) => names.has(trigger.event)) };
}

function byFunctionId(left: Listener, right: Listener): number {
  return left.fn.id < right.fn.id ? -1 : 1; // T3
}

function matchListener({ fn, triggers }: Listener, event: MatchableEvent, nowMs: number): TriggerMatch {
  const reasons: string[] = [];
  for (const { expression } of triggers) {
    if (expression === null) return { fn, outcome: "matched" };
    const reason = reasonAgainst(expression, event, nowMs);
    if (reason === null) return { fn, outcome: "matched" };
    reasons.push(reason);
  }
  return { fn, outcome: "filtered", reason: reasons.join("; ") };
}

/** Null when the expression is true. */
function reasonAgainst(
  expression: CompiledExpression | ExpressionProblem,
  event: MatchableEvent,
  nowMs: number,
): string | null {
  if (isExpressionProblem(expression)) return `the expression is not valid: ${expression.reason}`;
  const result = expression.evaluate({ event: event.json }, nowMs);
  if (result === true) return null;
  if (isExpressionFailure(result)) return `${expression.source} failed: ${result.reason}`;
  return result === false ? `${expression.source} is false` : `${expression.source} is not true or false`;
}
