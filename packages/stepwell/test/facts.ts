/** Facts in the hand of a test: what is noted is remembered, and nothing else is known. */
import { Facts, type Recent } from "../src/core/facts.ts";

export function recentOf(): Recent {
  const facts = new Map<string, string>();
  const sets = new Map<string, Set<string>>();
  return {
    get: (fact) => facts.get(fact),
    note: (fact, value) => void facts.set(fact, value),
    members: (set) => sets.get(set) ?? [],
    join: (set, member) => void sets.set(set, (sets.get(set) ?? new Set()).add(member)),
  };
}

export const noFacts = (): Facts => new Facts(recentOf());
