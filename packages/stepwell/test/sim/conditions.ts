/**
 * Conditions of waits and cancel rules, once as expressions for the engine and once as plain code for the model. The two
 * share nothing, so an engine that mixes up keys, lanes or operators is found out.
 */
import type { Condition } from "./program.ts";

export const EXPRESSIONS: { readonly [Name in Condition]: string | null } = {
  any: null,
  match: "event.data.k == async.data.k",
  or: "async.data.n == 3 || async.data.k == event.data.k",
  slow: "async.data.n > event.data.n",
  never: "event.data.n > 1000 && async.data.n == 1",
  ofFirst: "async.data.function_id == 'app-f0'",
};

interface EventData {
  readonly n?: number;
  readonly k?: unknown;
  readonly function_id?: unknown;
}

/** Whether an event fulfils a condition of a run with this trigger. */
export function fulfils(condition: Condition, trigger: string, arriving: string): boolean {
  const own = dataOf(trigger);
  const other = dataOf(arriving);
  const isSameKey = own.k !== undefined && own.k === other.k;
  switch (condition) {
    case "any":
      return true;
    case "match":
      return isSameKey;
    case "or":
      return other.n === 3 || isSameKey;
    case "slow":
      return low(other.n) > low(own.n);
    case "never":
      return false;
    case "ofFirst":
      return other.function_id === "app-f0";
  }
}

/** What is missing sorts low. */
const low = (value: number | undefined) => value ?? Number.NEGATIVE_INFINITY;

function dataOf(json: string): EventData {
  return (JSON.parse(json) as { data?: EventData }).data ?? {};
}
