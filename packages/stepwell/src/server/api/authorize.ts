/**
 * Who may do what: decided here, from the table, and nowhere else.
 *
 *   AZ1. A path that no route has is as closed as its neighbours: strangers do not learn which routes exist.
 */
import type { ServerContext } from "../context.ts";
import type { Scope } from "./route.ts";

/** Throws unless the caller may. A signing key may do everything. */
export function authorize(
  { gate }: Pick<ServerContext, "gate">,
  scope: Scope,
  authorization: string | undefined,
): void {
  if (scope !== "public") gate.checkBearer(authorization);
}

const GUARDED = /^\/(?:(?:v0|v1|v2|api|fn|invoke)(?:\/|$)|(?:dev|metrics)$)/;

/** What it takes to be told that there is nothing at a path (AZ1). */
export function scopeOfUnknown(path: string): Scope {
  return GUARDED.test(path) ? "read" : "public";
}
