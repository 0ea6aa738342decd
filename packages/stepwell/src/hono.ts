/** `stepwell/hono`: functions served by Hono, on every host Hono runs on. */
import type { ServeOptions } from "./sdk/app.ts";
import { toResponse } from "./sdk/incoming.ts";
import { createExchange } from "./sdk/serve.ts";

export type { ServeOptions } from "./sdk/app.ts";

/** What is used of Hono's context. */
export interface HonoContext {
  readonly req: {
    readonly method: string;
    readonly url: string;
    header(name: string): string | undefined;
    /** Also answers when a middleware has read the body before. */
    arrayBuffer(): Promise<ArrayBuffer>;
    /** The request as the host gave it. */
    readonly raw?: { readonly signal?: AbortSignal };
  };
}

/**
 * Serves functions as a Hono handler.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { Stepwell } from "stepwell";
 * import { serve } from "stepwell/hono";
 * const client = new Stepwell({ id: "leads" });
 * export default new Hono().all("/api/stepwell", serve({ client, functions: [] }));
 * ```
 */
export function serve(options: ServeOptions): (context: HonoContext) => Promise<Response> {
  const exchange = createExchange(options, "hono");
  return async ({ req }) =>
    toResponse(
      await exchange({
        method: req.method,
        url: req.url,
        header: (name) => req.header(name) ?? null,
        body: async () => new Uint8Array(await req.arrayBuffer()),
        signal: () => req.raw?.signal ?? new AbortController().signal,
      }),
    );
}
