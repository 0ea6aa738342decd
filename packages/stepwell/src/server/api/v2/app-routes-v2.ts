/** Apps and functions of /v2, and whether the server is well. */
import { z } from "zod";
import { StepwellError } from "../../../protocol/errors.ts";
import { appOf, functionOfApp } from "../find.ts";
import { appRef, functionRef } from "../params.ts";
import { appRecordV2, functionRecordV2 } from "./record-v2.ts";
import { routeV2 } from "./route-v2.ts";
import { AppV2, FunctionV2 } from "./schemas-v2.ts";

export const APP_ROUTES_V2 = [
  routeV2({
    method: "GET",
    path: "/health",
    operationId: "getHealthV2",
    summary: "Whether the server takes work",
    tag: "Server",
    scope: "public",
    replies: { 200: { description: "It does.", schema: z.object({ status: z.literal("ok") }) } },
    errors: ["server_stopping"],
    handler(_input, { engine }) {
      if (!engine.isAccepting) throw new StepwellError("server_stopping");
      return { data: { status: "ok" } };
    },
  }),
  routeV2({
    method: "GET",
    path: "/apps",
    operationId: "listAppsV2",
    summary: "The registered apps",
    tag: "Apps",
    scope: "read",
    replies: { 200: { description: "All of them.", schema: z.array(AppV2) } },
    handler: (_input, { engine: { apps } }) => ({ data: apps.list().map((app) => appRecordV2(app, apps)) }),
  }),
  routeV2({
    method: "GET",
    path: "/apps/:app",
    operationId: "getAppV2",
    summary: "One app",
    tag: "Apps",
    scope: "read",
    params: { app: appRef },
    replies: { 200: { description: "The app.", schema: AppV2 } },
    errors: ["not_found"],
    handler: ({ path }, context) => ({ data: appRecordV2(appOf(context, path.app), context.engine.apps) }),
  }),
  routeV2({
    method: "GET",
    path: "/apps/:app/functions",
    operationId: "listAppFunctionsV2",
    summary: "The functions of an app",
    tag: "Apps",
    scope: "read",
    params: { app: appRef },
    replies: { 200: { description: "All of them.", schema: z.array(FunctionV2) } },
    errors: ["not_found"],
    handler({ path }, context) {
      const { apps } = context.engine;
      return { data: appOf(context, path.app).functions.map((fn) => functionRecordV2(fn, apps)) };
    },
  }),
  routeV2({
    method: "GET",
    path: "/apps/:app/functions/:function",
    operationId: "getAppFunctionV2",
    summary: "One function of an app",
    tag: "Apps",
    scope: "read",
    params: { app: appRef, function: functionRef },
    replies: { 200: { description: "The function.", schema: FunctionV2 } },
    errors: ["not_found"],
    handler({ path }, context) {
      const fn = functionOfApp(context, path.app, path.function);
      return { data: functionRecordV2(fn, context.engine.apps) };
    },
  }),
];
