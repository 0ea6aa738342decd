/** Every route that is not hot, with its authorization and its errors. */
import { Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { StepwellError } from "../protocol/errors.ts";
import { addAppLifecycleRoutes } from "./app-routes.ts";
import type { ServerContext } from "./context.ts";
import { errorReply } from "./error-reply.ts";
import type { HttpEnv } from "./http-env.ts";
import { addInfoRoutes } from "./info-routes.ts";
import { addRestRoutes } from "./rest-routes.ts";
import { addStateRoutes } from "./state-routes.ts";

const GUARDED = ["/v0/*", "/v1/*", "/fn/*", "/dev", "/metrics"];

export function createRoutes(context: ServerContext): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  for (const path of GUARDED) {
    app.use(path, async (c, next) => {
      context.gate.checkBearer(c.req.header("authorization"));
      await next();
    });
  }
  addInfoRoutes(app, context);
  addAppLifecycleRoutes(app, context);
  addStateRoutes(app, context);
  addRestRoutes(app, context);
  app.all("/e/:key", () => {
    throw new StepwellError("method_not_allowed");
  });
  app.notFound((c) => {
    throw new StepwellError("not_found", { what: `${c.req.method} ${c.req.path.slice(0, 256)}` });
  });
  app.onError((error, c) => {
    const { status, body } = errorReply(error, context.log);
    if (status === 413 || status === 503) c.header("connection", "close");
    return c.json(body, status as ContentfulStatusCode);
  });
  return app;
}
