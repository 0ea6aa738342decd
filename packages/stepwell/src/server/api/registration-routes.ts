/** `/fn/…`: apps come and go. Every answer is a JSON object with a numeric `status`: SDKs read it there. */
import { z } from "zod";
import { StepwellError } from "../../protocol/errors.ts";
import { HEADERS } from "../../protocol/headers.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { normalizeAppUrl, shownUrl } from "../app-url.ts";
import { type Registration, readRegistration } from "../register.ts";
import { appUuid } from "../run-record.ts";
import type { ApiContext } from "./api-engine.ts";
import { text, wholeBody } from "./params.ts";
import { invalid } from "./read-input.ts";
import { type Method, type Route, route } from "./route.ts";
import { uuid } from "./schemas.ts";

const ok = { ok: z.literal(true), status: z.literal(200) };

function registerRoute(method: Method, operationId: string): Route {
  return route({
    method,
    path: "/fn/register",
    operationId,
    summary: "An app announces its functions",
    description: "They replace those that it had. What cannot work is refused with all problems at once.",
    tag: "SDK",
    scope: "admin",
    isForApps: true,
    audit: "own",
    family: "bare",
    // SDKs write keys in several cases; register.ts reads them all.
    body: wholeBody.meta({
      type: "object",
      description: "`url`, `appName`, `sdk`, `functions` and more, as SDKs send them.",
    }),
    replies: {
      200: { description: "Registered.", schema: z.object({ ...ok, modified: z.boolean(), app_id: uuid }) },
    },
    errors: ["app_id_required", "function_config_invalid", "server_kind_mismatch", "sdk_version_denied"],
    async handler({ body, request }, context) {
      checkKind(context, request.header(HEADERS.expectedServerKind));
      const registration = readOrNote(body, context);
      const { app } = registration;
      const modified = await context.syncer.register(registration);
      // Apps announce themselves at every start: only what changed something is told.
      const details = { functions: app.functions.length };
      if (modified) await context.access.audit.record(request.caller, { action: operationId, target: app.id, details });
      return Response.json({ ok: true, modified, status: 200, app_id: appUuid(app.id) });
    },
  });
}

export const REGISTRATION_ROUTES = [
  registerRoute("POST", "registerApp"),
  registerRoute("PUT", "registerAppByPut"),
  // Ours: ask the app at an address to announce itself.
  route({
    method: "POST",
    path: "/fn/sync",
    operationId: "syncApp",
    summary: "Ask the app at an address for its functions",
    tag: "Apps",
    scope: "admin",
    family: "bare",
    body: wholeBody.meta({ type: "object", properties: { url: { type: "string" } }, required: ["url"] }),
    replies: {
      200: {
        description: "It answered.",
        schema: z.object({
          ...ok,
          modified: z.boolean(),
          kind: z.enum(["in_band", "out_of_band"]),
          app: z.string().nullable(),
          app_id: uuid.nullable(),
        }),
      },
    },
    errors: ["sync_failed", "function_config_invalid"],
    async handler({ body }, context) {
      const url = isJsonObject(body) ? body["url"] : undefined;
      if (typeof url !== "string") throw new StepwellError("body_invalid", { reason: "url is not a text" });
      const outcome = await context.syncer.sync(url);
      const { appId } = outcome;
      const app_id = appId === null ? null : appUuid(appId);
      return Response.json({
        ok: true,
        modified: outcome.isModified,
        status: 200,
        kind: outcome.kind,
        app: appId,
        app_id,
      });
    },
  }),
  route({
    method: "DELETE",
    path: "/fn/remove",
    operationId: "removeApp",
    summary: "Remove an app's functions",
    description: "They start nothing any more; runs under way go on.",
    tag: "Apps",
    scope: "admin",
    family: "bare",
    query: { appId: text("The app's name or id."), url: text("Its address.") },
    replies: { 200: { description: "Removed.", schema: z.object(ok) } },
    errors: ["not_found"],
    async handler({ query }, context) {
      const { url } = query;
      const name = query.appId ?? (url === undefined ? undefined : appAt(context, url));
      if (name === undefined && url === undefined) throw invalid("appId", "give an app's id or its url");
      const appId = context.engine.apps.list().find((one) => appUuid(one.id) === name)?.id ?? name;
      if (appId === undefined || !(await context.engine.removeApp(appId))) {
        throw new StepwellError("not_found", { what: `App ${(name ?? shownUrl(url ?? "")).slice(0, 128)}` });
      }
      context.log.info("app removed", { app: appId });
      return Response.json({ ok: true, status: 200 });
    },
  }),
];

/** A refused registration is shown beside the app's other syncs. */
function readOrNote(body: unknown, context: ApiContext): Registration {
  try {
    return readRegistration(body);
  } catch (error) {
    if (isJsonObject(body) && typeof body["url"] === "string") {
      const { appName } = body;
      context.syncFailures.failed(body["url"], error, typeof appName === "string" ? appName.slice(0, 255) : null);
    }
    throw error;
  }
}

function checkKind(context: ApiContext, expected: string | undefined): void {
  if (expected === undefined || expected === "" || expected === context.kind) return;
  throw new StepwellError("server_kind_mismatch", { expected: expected.slice(0, 32), actual: context.kind });
}

function appAt(context: ApiContext, url: string): string | undefined {
  const address = normalizeAppUrl(url);
  return context.engine.apps.list().find((app) => app.url === address)?.id;
}
