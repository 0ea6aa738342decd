/** `stepwell/express`: functions served by Express. */
import type { ServeOptions } from "./sdk/app.ts";
import { fromNodeRequest, type NodeRequest, type NodeResponse, writeNodeResponse } from "./sdk/node-http.ts";
import { createExchange } from "./sdk/serve.ts";

export type { ServeOptions } from "./sdk/app.ts";

/**
 * Serves functions as Express middleware, before or after `express.json()`. Behind it, raise the parser's limit
 * (`express.json({ limit: "16mb" })`): calls carry the results of earlier steps.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { Stepwell } from "stepwell";
 * import { serve } from "stepwell/express";
 * const client = new Stepwell({ id: "leads" });
 * const app = express();
 * app.use("/api/stepwell", serve({ client, functions: [] }));
 * ```
 */
export function serve(options: ServeOptions): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  const exchange = createExchange(options, "express");
  return async (request, response) =>
    writeNodeResponse(response, await exchange(fromNodeRequest(request, request.body, response)));
}
