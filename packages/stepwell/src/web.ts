/** `stepwell/web`: hosts that speak `Request` and `Response`: Bun, Deno, Cloudflare Workers, Astro, SvelteKit, Remix, … */
import type { ServeOptions } from "./sdk/app.ts";
import { createHandler } from "./sdk/handler.ts";

export type { ServeOptions } from "./sdk/app.ts";

/**
 * Serves functions as a fetch handler.
 *
 * @example
 * ```ts
 * import { Stepwell } from "stepwell";
 * import { serve } from "stepwell/web";
 * const client = new Stepwell({ id: "leads" });
 * export default { fetch: serve({ client, functions: [] }) };
 * ```
 */
export function serve(options: ServeOptions): (request: Request) => Promise<Response> {
  return createHandler(options, "web");
}
