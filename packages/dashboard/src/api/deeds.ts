/**
 * What takes more than reading: the scope that each deed needs, by the `operationId` of its route. A test compares this with
 * the server's table, which alone decides; the page says beforehand what would be refused.
 */
import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "./access.ts";
import type { Scope } from "./records.ts";

export const DEEDS = {
  sendEventV2: "operate",
  invokeFunction: "operate",
  pauseFunction: "operate",
  resumeFunction: "operate",
  pauseApp: "operate",
  resumeApp: "operate",
  cancelRun: "operate",
  rerunRun: "operate",
  resumeRun: "operate",
  startOperation: "operate",
  cancelOperation: "operate",
  runPending: "operate",
  discardPending: "operate",
  syncApp: "admin",
  removeApp: "admin",
  setRetention: "admin",
  listKeys: "admin",
} as const satisfies Readonly<Record<string, Scope>>;

export type Deed = keyof typeof DEEDS;

const RANKS: Readonly<Record<Scope, number>> = { read: 0, operate: 1, admin: 2 };

/** Why the deed would be refused, for the title of its button; null: it would not. */
export function refusalOf(deed: Deed, scope: Scope): string | null {
  const needed = DEEDS[deed];
  return RANKS[scope] >= RANKS[needed] ? null : `This needs the scope "${needed}"; yours is "${scope}".`;
}

/** Judges deeds for whoever is logged in; nobody is refused before that is known. */
export function useRefusal(): (deed: Deed) => string | null {
  const scope = useQuery(sessionQuery).data?.principal?.scope;
  return (deed) => (scope === undefined ? null : refusalOf(deed, scope));
}
