/** Puts the table on the router: authorisation, input, audit row, handler, envelope, in this order. */
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { HttpEnv } from "../http-env.ts";
import { envelope } from "./answer.ts";
import type { ApiContext } from "./api-engine.ts";
import { audited } from "./audited.ts";
import { authorize } from "./authorize.ts";
import { readInput, requestFacts } from "./read-input.ts";
import { pathsOf, type Route } from "./route.ts";

export function mountRoutes(app: Hono<HttpEnv>, routes: readonly Route[], context: ApiContext): void {
  for (const route of routes) {
    if (route.handler === null) continue;
    for (const path of pathsOf(route)) app.on(route.method, path, (c) => handle(route, context, c));
  }
}

async function handle(route: Route, context: ApiContext, c: Context<HttpEnv>): Promise<Response> {
  const caller = authorize(context, route, c.env.incoming);
  const input = await readInput(route, c, requestFacts(c, context.access, caller));
  const result = await audited(route, input, context, () => route.handler!(input, context));
  if (result instanceof Response) return result;
  // What is shown to one is nothing to keep for the next.
  c.header("cache-control", "no-store");
  for (const [name, value] of Object.entries(result.headers ?? {})) c.header(name, value);
  return c.json(envelope(route.family, result), (result.status ?? 200) as ContentfulStatusCode);
}
