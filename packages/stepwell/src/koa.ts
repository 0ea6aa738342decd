/** `stepwell/koa`: functions served by Koa. */
import type { ServeOptions } from "./sdk/app.ts";
import { type ClosingResponse, fromNodeRequest, type NodeRequest } from "./sdk/node-http.ts";
import { createExchange } from "./sdk/serve.ts";

export type { ServeOptions } from "./sdk/app.ts";

/** What is used of Koa's context. */
export interface KoaContext {
  readonly req: NodeRequest;
  readonly res?: ClosingResponse;
  readonly request: object;
  readonly originalUrl: string;
  readonly path: string;
  status: number;
  body: unknown;
  set(headers: { [name: string]: string }): void;
}

/**
 * Serves functions as Koa middleware, on a route or, with `servePath`, on that path alone.
 *
 * @example
 * ```ts
 * import Koa from "koa";
 * import { Stepwell } from "stepwell";
 * import { serve } from "stepwell/koa";
 * const client = new Stepwell({ id: "leads" });
 * new Koa().use(serve({ client, functions: [], servePath: "/api/stepwell" })).listen(3000);
 * ```
 */
export function serve(options: ServeOptions): (context: KoaContext, next: () => Promise<unknown>) => Promise<void> {
  const exchange = createExchange(options, "koa");
  return async (context, next) => {
    if (options.servePath !== undefined && context.path !== options.servePath) return void (await next());
    // Body parsers leave what they parsed on Koa's own request.
    const parsed = context.request as { readonly rawBody?: unknown; readonly body?: unknown };
    const incoming = fromNodeRequest(context.req, parsed.rawBody ?? parsed.body, context.res);
    const reply = await exchange(incoming);
    context.status = reply.status;
    context.set({ ...reply.headers });
    context.body = reply.body;
  };
}
