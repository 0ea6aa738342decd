/** What all routes of /v2 share: two addresses, one form. */
import type { z } from "zod";
import { type Route, type RouteSpec, route, type Shape } from "../route.ts";

type NoShape = Readonly<Record<never, z.ZodType>>;

/** An entry for a path below `/api/v2`, which answers below `/v2` too. */
export function routeV2<
  const Path extends Shape = NoShape,
  const Query extends Shape = NoShape,
  Body extends z.ZodType = z.ZodUndefined,
>(spec: Omit<RouteSpec<Path, Query, Body>, "family" | "aliases">): Route {
  return route<Path, Query, Body>({ ...spec, path: `/api/v2${spec.path}`, aliases: [`/v2${spec.path}`], family: "v2" });
}
