/** The routes of endpoints, described; endpoints.ts answers them on the bare request. */
import { z } from "zod";
import { runId } from "../api/params.ts";
import { rawRoute } from "../api/route.ts";
import { anyJson, anyObject, id, uuid } from "../api/schemas.ts";

const Steps = z.array(anyJson).meta({ description: "Operations, as replies to calls have them." });

export const ENDPOINT_ROUTES = [
  rawRoute({
    raw: true,
    method: "POST",
    path: "/v1/checkpoint",
    aliases: ["/v1/http/runs"],
    operationId: "createEndpointRun",
    summary: "An endpoint has begun a run",
    description: "The same request under the same run id again gets the same answer.",
    tag: "SDK",
    scope: "operate",
    isForApps: true,
    audit: "none",
    family: "bare",
    body: z.object({
      run_id: id,
      event: z
        .object({ data: anyObject })
        .meta({ description: "`inngest/http.request`: the request, to make it again." }),
      steps: Steps.nullish(),
      request_version: z.number().int().nullish(),
      retries: z.number().int().nullish(),
      idempotency: z.string().nullish().meta({ description: "Within 24 h the same key begins one run." }),
    }),
    replies: {
      200: {
        description: "It is durable.",
        schema: z.object({
          data: z.object({
            fn_id: uuid,
            app_id: z.string(),
            run_id: id,
            token: z.string().meta({ description: "For the run's output." }),
            realtime_token: z.string().meta({ description: "For the run's stream." }),
          }),
        }),
      },
    },
    errors: [
      "run_exists",
      "event_too_large",
      "op_invalid",
      "too_many_ops",
      "too_many_endpoint_apps",
      "function_paused",
    ],
  }),
  rawRoute({
    raw: true,
    method: "POST",
    path: "/v1/checkpoint/:run/steps",
    aliases: ["/v1/http/runs/:run/steps"],
    operationId: "saveEndpointSteps",
    summary: "An endpoint saves what happened in its request",
    description: "What cannot be taken is logged, and answered like the rest: the endpoint could do nothing about it.",
    tag: "SDK",
    scope: "operate",
    isForApps: true,
    audit: "none",
    family: "bare",
    params: { run: runId },
    body: z.object({ steps: Steps }),
    replies: { 200: { description: "It is durable.", schema: z.object({ status: z.literal(200) }) } },
    errors: ["op_invalid", "too_many_ops"],
  }),
  rawRoute({
    raw: true,
    method: "GET",
    path: "/v1/http/runs/:run/output",
    operationId: "getEndpointOutput",
    summary: "The answer of an endpoint whose run went on without its client",
    description:
      "Waits up to five minutes for the end of the run, then answers as the endpoint did: status, headers, body. A run that failed is a 500.",
    tag: "SDK",
    // The token is the key.
    scope: "public",
    origins: "any",
    family: "bare",
    params: { run: runId },
    query: { token: z.string().meta({ description: "From the creation of the run." }) },
    replies: { 200: { description: "The endpoint's own answer; its status may be another.", contentType: "*/*" } },
    errors: ["run_token_invalid", "not_found", "server_stopping", "server_overloaded"],
  }),
  rawRoute({
    raw: true,
    method: "GET",
    path: "/v1/realtime/sse",
    operationId: "followRealtime",
    summary: "Listen to topics, or to what an endpoint streams after its run went on without its client",
    description:
      "The token says which. Topics: messages as JSON texts from now on, for 15 minutes at most. An endpoint's stream: from " +
      "the beginning of what is kept to the event `inngest.response`.",
    tag: "SDK",
    // The token is the key.
    scope: "public",
    origins: "any",
    family: "bare",
    query: {
      token: z.string().meta({ description: "From `POST /v1/realtime/token`, or from the creation of the run." }),
    },
    replies: {
      200: { description: "Server-sent events.", contentType: "text/event-stream" },
    },
    errors: ["run_token_invalid", "realtime_token_invalid", "server_overloaded"],
  }),
  rawRoute({
    raw: true,
    method: "POST",
    path: "/v1/realtime/publish/tee",
    operationId: "publishEndpointStream",
    summary: "An endpoint streams to whoever waits for its run",
    description: "The body is passed on as it comes, whatever it is.",
    tag: "SDK",
    scope: "operate",
    isForApps: true,
    audit: "none",
    family: "bare",
    query: { channel: runId },
    replies: { 200: { description: "All of it was passed on.", schema: z.object({ status: z.literal(200) }) } },
    errors: ["body_too_large", "query_invalid"],
  }),
];
