/** `stepwell/node`: functions served by `node:http`, without a framework. */
import { createServer as createHttpServer } from "node:http";
import type { ServeOptions } from "./sdk/app.ts";
import { fromNodeRequest, type NodeRequest, type NodeResponse, writeNodeResponse } from "./sdk/node-http.ts";
import { createExchange } from "./sdk/serve.ts";

export type { ServeOptions } from "./sdk/app.ts";

/**
 * Serves functions as a listener of `node:http` (and `node:https`).
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { Stepwell } from "stepwell";
 * import { serve } from "stepwell/node";
 * const client = new Stepwell({ id: "leads" });
 * createServer(serve({ client, functions: [] })).listen(3000);
 * ```
 */
export function serve(options: ServeOptions): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  const exchange = createExchange(options, "node");
  return async (request, response) =>
    writeNodeResponse(response, await exchange(fromNodeRequest(request, request.body, response)));
}

/** What an app needs of a server; it is a `node:http` server. */
export interface HttpServer {
  listen(port?: number, host?: string, onListening?: () => void): this;
  close(onClosed?: (error?: Error) => void): this;
  address(): { readonly port: number } | string | null;
  on(event: string, listener: (...values: never[]) => void): this;
}

/**
 * A `node:http` server that does nothing but serve functions.
 *
 * @example
 * ```ts
 * import { Stepwell } from "stepwell";
 * import { createServer } from "stepwell/node";
 * const client = new Stepwell({ id: "leads" });
 * createServer({ client, functions: [] }).listen(3000);
 * ```
 */
export function createServer(options: ServeOptions): HttpServer {
  return createHttpServer(serve(options));
}
