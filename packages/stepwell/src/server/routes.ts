/** Every route that is not hot, with its authorization and its errors. */
import { Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { StepwellError } from "../protocol/errors.ts";
import { errorBody } from "./api/answer.ts";
import { authorize, scopeOfUnknown } from "./api/authorize.ts";
import { deepPage } from "./api/dashboard-routes.ts";
import { mountRoutes } from "./api/mount.ts";
import { RunEnds } from "./api/run-ends.ts";
import { ROUTES } from "./api/table.ts";
import type { ServerContext } from "./context.ts";
import { errorReply } from "./error-reply.ts";
import type { HttpEnv } from "./http-env.ts";

export function createRoutes(context: ServerContext): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  mountRoutes(app, ROUTES, { ...context, runEnds: new RunEnds(context) });
  app.all("/e/:key", () => {
    throw new StepwellError("method_not_allowed");
  });
  app.notFound(async (c) => {
    const { path, method } = c.req;
    const page = await deepPage(path, { method, header: (name) => c.req.header(name) });
    if (page !== null) return page;
    authorize(context, { scope: scopeOfUnknown(path) }, c.env.incoming);
    throw new StepwellError("not_found", { what: `${method} ${path.slice(0, 256)}` });
  });
  app.onError((error, c) => {
    const reply = errorReply(error, context.log);
    if (reply.status === 413 || reply.status === 503) c.header("connection", "close");
    const seconds = reply.body.data?.["seconds"];
    if (reply.status === 429 && typeof seconds === "number") c.header("retry-after", String(seconds));
    return c.json(errorBody(c.req.path, reply), reply.status as ContentfulStatusCode);
  });
  return app;
}
