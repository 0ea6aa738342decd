/** `/fn/…`: apps come and go (protocol.md §1.6). Every answer is a JSON object with a numeric `status`: SDKs read it there. */
import type { Hono } from "hono";
import { StepwellError } from "../protocol/errors.ts";
import { HEADERS } from "../protocol/headers.ts";
import { isJsonObject } from "../protocol/json.ts";
import { normalizeAppUrl, shownUrl } from "./app-url.ts";
import type { ServerContext } from "./context.ts";
import { type HttpEnv, jsonBody } from "./http-env.ts";
import { invalid } from "./query.ts";
import { readRegistration } from "./register.ts";
import { appUuid } from "./run-record.ts";

export function addAppLifecycleRoutes(app: Hono<HttpEnv>, context: ServerContext): void {
  app.on(["POST", "PUT"], "/fn/register", async (c) => {
    const body = await jsonBody(c);
    checkKind(context, c.req.header(HEADERS.expectedServerKind));
    const registration = readRegistration(body);
    const modified = await context.syncer.register(registration);
    return c.json({ ok: true, modified, status: 200, app_id: appUuid(registration.app.id) });
  });

  // Ours: ask the app at an address to announce itself.
  app.post("/fn/sync", async (c) => {
    const body = await jsonBody(c);
    const url = isJsonObject(body) ? body["url"] : undefined;
    if (typeof url !== "string") throw new StepwellError("body_invalid", { reason: "url is not a text" });
    const outcome = await context.syncer.sync(url);
    const { appId } = outcome;
    const app_id = appId === null ? null : appUuid(appId);
    return c.json({ ok: true, modified: outcome.isModified, status: 200, kind: outcome.kind, app: appId, app_id });
  });

  app.delete("/fn/remove", async (c) => {
    const url = c.req.query("url");
    const name = c.req.query("appId") ?? (url === undefined ? undefined : appAt(context, url));
    if (name === undefined && url === undefined) throw invalid("appId", "give an app's id or its url");
    const appId = context.engine.apps.list().find((one) => appUuid(one.id) === name)?.id ?? name;
    if (appId === undefined || !(await context.engine.removeApp(appId))) {
      throw new StepwellError("not_found", { what: `App ${(name ?? shownUrl(url ?? "")).slice(0, 128)}` });
    }
    context.log.info("app removed", { app: appId });
    return c.json({ ok: true, status: 200 });
  });
}

function checkKind(context: ServerContext, expected: string | undefined): void {
  if (expected === undefined || expected === "" || expected === context.kind) return;
  throw new StepwellError("server_kind_mismatch", { expected: expected.slice(0, 32), actual: context.kind });
}

function appAt(context: ServerContext, url: string): string | undefined {
  const address = normalizeAppUrl(url);
  return context.engine.apps.list().find((app) => app.url === address)?.id;
}
