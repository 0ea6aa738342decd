/** Does what a route does, with an audit row around it where the route says so (access/audit.ts AD1). */
import type { z } from "zod";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import type { Principal } from "../access/caller.ts";
import { shownUrl } from "../app-url.ts";
import type { ApiContext } from "./api-engine.ts";
import type { Input, Result, Route, Shape } from "./route.ts";

export async function audited(
  route: Route,
  input: Input<Shape, Shape, z.ZodType>,
  { access }: ApiContext,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const { caller } = input.request;
  if (!isAudited(route, caller.principal, input.body)) return work();
  const details = route.audit === "people" ? {} : detailsOf(input.body);
  return access.audit.around(caller, { action: route.operationId, target: targetOf(input), details }, work);
}

function isAudited({ method, audit = "all", hasDryRun }: Route, principal: Principal | null, body: unknown): boolean {
  if (method === "GET" || audit === "none" || audit === "own") return false;
  // Nothing is changed. Elsewhere the word means nothing, and hides nothing.
  if (hasDryRun === true && isJsonObject(body) && body["dry_run"] === true) return false;
  return audit === "all" || principal?.kind === "session" || principal?.kind === "token";
}

/** What the path names; for the few without, what query or body name. */
function targetOf({ path, query, body }: Input<Shape, Shape, z.ZodType>): string {
  const named = Object.values(path).map(String).join(" ");
  if (named !== "") return named;
  const url = query["url"] ?? (isJsonObject(body) ? body["url"] : undefined);
  if (typeof query["appId"] === "string") return query["appId"];
  return typeof url === "string" ? shownUrl(url) : "";
}

/** Fields of a request that are words of ours, and no values of users. */
const TOLD = ["kind", "mode", "per_second"];

function detailsOf(body: unknown): JsonObject {
  if (!isJsonObject(body)) return {};
  const told = TOLD.flatMap((name) => {
    const value = body[name];
    return typeof value === "string" || typeof value === "number" ? [[name, value] as const] : [];
  });
  return Object.fromEntries(told);
}
