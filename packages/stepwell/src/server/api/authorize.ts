/**
 * Who may do what: decided here, from the table, and nowhere else.
 *
 *   AZ1. A path that no route has is as closed as its neighbours: strangers do not learn which routes exist.
 *   AZ2. Whose page asks is looked at before who asks: a page of a stranger is refused whatever its browser knows.
 */
import type { IncomingMessage } from "node:http";
import { StepwellError } from "../../protocol/errors.ts";
import type { Caller } from "../access/caller.ts";
import { checkOrigin } from "../access/origin.ts";
import type { ServerContext } from "../context.ts";
import type { Route, Scope } from "./route.ts";

const RANKS: Readonly<Record<Scope, number>> = { public: 0, read: 1, operate: 2, admin: 3 };

/** Who asks; throws unless that caller may. */
export function authorize(
  { access }: Pick<ServerContext, "access">,
  route: Pick<Route, "scope" | "isForApps" | "origins">,
  request: IncomingMessage,
): Caller {
  checkOrigin(request, route.origins ?? "own", access.origins); // AZ2
  const caller = access.callerOf(request);
  const { scope: needed } = route;
  if (needed === "public") return caller;
  const principal = caller.principal ?? (route.isForApps === true ? access.appWithoutKey : null);
  if (principal === null) throw new StepwellError("unauthorized");
  if (!reaches(principal.scope, needed)) {
    throw new StepwellError("forbidden", { name: principal.name, needed, scope: principal.scope });
  }
  access.noteUse(principal);
  return { ...caller, principal };
}

/** True when the scope includes what is needed. */
export function reaches(scope: Scope, needed: Scope): boolean {
  return RANKS[scope] >= RANKS[needed];
}

const GUARDED = /^\/(?:(?:v0|v1|v2|api|fn|invoke)(?:\/|$)|(?:dev|metrics)$)/;

/** What it takes to be told that there is nothing at a path (AZ1). */
export function scopeOfUnknown(path: string): Scope {
  return GUARDED.test(path) ? "read" : "public";
}
