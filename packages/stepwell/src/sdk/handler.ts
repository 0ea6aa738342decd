/** The endpoint for hosts of web standards: a `Request` in, a `Response` out. */
import type { ServeOptions } from "./app.ts";
import { fromRequest, toResponse } from "./incoming.ts";
import { createExchange } from "./serve.ts";

/** A handler for `Request` and `Response`; `framework` is the name of the door. */
export function createHandler(options: ServeOptions, framework = "web"): (request: Request) => Promise<Response> {
  const exchange = createExchange(options, framework);
  return async (request) => toResponse(await exchange(fromRequest(request)));
}
