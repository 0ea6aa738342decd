/** `/v1/apps`: the registered applications, and pausing them. */
import { z } from "zod";
import type { AppDownFacts } from "../../core/explain/explanation.ts";
import { appDownFacts } from "../../core/explain/gates.ts";
import type { ExplainView } from "../../core/explain/view.ts";
import { isoTime } from "../../core/instant.ts";
import type { AppConfig } from "../../protocol/function.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { explainRecord } from "../explain-record.ts";
import { appUuid, functionRecord } from "../run-record.ts";
import type { ApiContext } from "./api-engine.ts";
import { appOf, notFound } from "./find.ts";
import { appRef } from "./params.ts";
import { pauseBody, unpauseBody } from "./pause-body.ts";
import { route } from "./route.ts";
import { AppRecord, FunctionRecord } from "./schemas-v1.ts";

export const APP_ROUTES = [
  route({
    method: "GET",
    path: "/v1/apps",
    operationId: "listApps",
    summary: "The registered apps",
    tag: "Apps",
    scope: "read",
    family: "v1",
    replies: { 200: { description: "All of them.", schema: z.array(AppRecord) } },
    async handler(_input, context) {
      const down = await context.engine.look(appsDown);
      return { data: context.engine.apps.list().map((app) => appRecord(app, down, context)) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/apps/:name/functions",
    operationId: "listAppFunctions",
    summary: "The functions of an app",
    tag: "Apps",
    scope: "read",
    family: "bare",
    params: { name: appRef },
    replies: { 200: { description: "All of them, without an envelope.", schema: z.array(FunctionRecord) } },
    errors: ["not_found"],
    handler({ path }, context) {
      const { apps } = context.engine;
      return Response.json(appOf(context, path.name).functions.map((fn) => functionRecord(fn, apps)));
    },
  }),
  route({
    method: "POST",
    path: "/v1/apps/:id/pause",
    operationId: "pauseApp",
    summary: "Pause all functions of an app",
    tag: "Apps",
    scope: "operate",
    family: "v1",
    params: { id: appRef },
    body: pauseBody,
    replies: { 200: { description: "It is paused.", schema: z.object({ app: z.string(), mode: z.string() }) } },
    errors: ["not_found"],
    async handler({ path, body }, context) {
      const app = appOf(context, path.id).id;
      if (!(await context.engine.pause({ kind: "app", id: app, mode: body.mode }))) throw notFound("App", path.id);
      return { data: { app, mode: body.mode } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/apps/:id/resume",
    operationId: "resumeApp",
    summary: "End the pause of an app",
    tag: "Apps",
    scope: "operate",
    family: "v1",
    params: { id: appRef },
    body: unpauseBody,
    replies: { 200: { description: "It is not paused any more.", schema: z.object({ app: z.string() }) } },
    errors: ["not_found"],
    async handler({ path }, context) {
      const app = appOf(context, path.id).id;
      if (!(await context.engine.unpause({ kind: "app", id: app }))) throw notFound("App", path.id);
      return { data: { app } };
    },
  }),
];

type Down = ReadonlyMap<string, AppDownFacts>;

/** What keeps apps from being called, by their ids. */
function appsDown(view: ExplainView): Down {
  const all = view.apps.list().map(({ id }) => [id, appDownFacts(view.admission.appDown(id))] as const);
  return new Map(all.flatMap(([id, down]) => (down === null ? [] : [[id, down]])));
}

function appRecord(app: AppConfig, down: Down, { engine }: ApiContext): JsonObject {
  const { id, url, sdk, framework, version, functions } = app;
  const unreached = down.get(id);
  const syncedAt = engine.apps.syncedAt(id);
  return {
    id: appUuid(id),
    name: id,
    url,
    sdk,
    framework,
    version,
    function_count: functions.length,
    paused: engine.apps.pauseOfApp(id),
    synced_at: syncedAt === null ? null : isoTime(syncedAt),
    down: unreached === undefined ? null : explainRecord(unreached),
  };
}
