/** `stepwell/next`: functions served by Next.js, from the app router or from a pages API route. */
import type { ServeOptions } from "./sdk/app.ts";
import { createHandler } from "./sdk/handler.ts";
import { fromNodeRequest, type NodeRequest, type NodeResponse, writeNodeResponse } from "./sdk/node-http.ts";
import { createExchange } from "./sdk/serve.ts";

export type { ServeOptions } from "./sdk/app.ts";

type RouteHandler = (request: Request) => Promise<Response>;

/**
 * The route handlers of the app router.
 *
 * @example
 * ```ts
 * // app/api/stepwell/route.ts
 * import { Stepwell } from "stepwell";
 * import { serve } from "stepwell/next";
 * const client = new Stepwell({ id: "leads" });
 * export const { GET, POST, PUT } = serve({ client, functions: [] });
 * ```
 */
export function serve(options: ServeOptions): { GET: RouteHandler; POST: RouteHandler; PUT: RouteHandler } {
  const handler = createHandler(options, "nextjs");
  return { GET: handler, POST: handler, PUT: handler };
}

/**
 * The handler of a pages API route. Raise the body limit there: calls carry the results of earlier steps.
 *
 * @example
 * ```ts
 * // pages/api/stepwell.ts
 * import { Stepwell } from "stepwell";
 * import { servePages } from "stepwell/next";
 * const client = new Stepwell({ id: "leads" });
 * export const config = { api: { bodyParser: false } };
 * export default servePages({ client, functions: [] });
 * ```
 */
export function servePages(options: ServeOptions): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  const exchange = createExchange(options, "nextjs");
  return async (request, response) =>
    writeNodeResponse(response, await exchange(fromNodeRequest(request, request.body, response)));
}
