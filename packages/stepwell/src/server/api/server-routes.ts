/** `/health`, `/dev` and `/metrics`. */
import { z } from "zod";
import { StepwellError } from "../../protocol/errors.ts";
import { VERSION } from "../../protocol/version.ts";
import { functionRecord } from "../run-record.ts";
import type { ApiContext } from "./api-engine.ts";
import { pathParam } from "./params.ts";
import { route } from "./route.ts";
import { anyObject } from "./schemas.ts";
import { FunctionRecord } from "./schemas-v1.ts";

const DevInfo = z
  .object({
    version: z.string(),
    authed: z.boolean(),
    startOpts: anyObject,
    functions: z.array(FunctionRecord),
    handlers: z.array(anyObject),
    isSingleNodeService: z.boolean(),
    isMissingSigningKey: z.boolean(),
    isMissingEventKeys: z.boolean(),
    features: anyObject,
  })
  .meta({ id: "DevInfo" });

export const SERVER_ROUTES = [
  route({
    method: "GET",
    path: "/health",
    operationId: "getHealth",
    summary: "Whether the server takes work",
    tag: "Server",
    scope: "public",
    family: "bare",
    replies: {
      200: { description: "It does.", schema: z.object({ status: z.literal(200), message: z.literal("OK") }) },
    },
    errors: ["server_stopping"],
    handler(_input, { engine }) {
      if (!engine.isAccepting) throw new StepwellError("server_stopping");
      return Response.json({ status: 200, message: "OK" });
    },
  }),
  route({
    method: "GET",
    path: "/dev",
    operationId: "getDevInfo",
    summary: "What SDKs ask to find a development server",
    tag: "SDK",
    scope: "read",
    isForApps: true,
    family: "bare",
    replies: { 200: { description: "In development only.", schema: DevInfo } },
    errors: ["not_found"],
    handler(_input, context) {
      if (context.kind !== "dev") throw new StepwellError("not_found", { what: "/dev" });
      return Response.json(devInfo(context));
    },
  }),
  route({
    method: "GET",
    path: "/metrics",
    operationId: "getMetrics",
    summary: "Metrics, as Prometheus reads them",
    tag: "Server",
    scope: "read",
    family: "bare",
    replies: { 200: { description: "Prometheus text.", contentType: "text/plain" } },
    handler: (_input, context) => metricsText(context),
  }),
  route({
    method: "GET",
    path: "/v1/prom/:env",
    operationId: "getEnvMetrics",
    summary: "Metrics, under the address that the protocol has for them",
    tag: "Server",
    scope: "read",
    family: "bare",
    params: { env: pathParam("An environment's name; there is one.") },
    replies: { 200: { description: "Prometheus text.", contentType: "text/plain" } },
    handler: (_input, context) => metricsText(context),
  }),
];

async function metricsText({ metrics }: ApiContext): Promise<Response> {
  return new Response(await metrics.text(), { headers: { "content-type": metrics.contentType } });
}

function devInfo(context: ApiContext): Record<string, unknown> {
  const { apps } = context.engine;
  const list = apps.list();
  return {
    version: VERSION,
    authed: true,
    startOpts: { store: context.storeLabel },
    functions: list.flatMap((app) => app.functions.map((fn) => functionRecord(fn, apps))),
    handlers: list.map((app) => ({ sdk: { appName: app.id, url: app.url, sdk: app.sdk, framework: app.framework } })),
    isSingleNodeService: false,
    isMissingSigningKey: context.access.signingKeys.length === 0,
    isMissingEventKeys: !context.access.eventKeys.hasAny,
    features: {},
  };
}
