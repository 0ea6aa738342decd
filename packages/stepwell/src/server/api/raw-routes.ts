/** Routes too hot for the router, or that hold the socket: server.ts answers them on the bare request. */
import { z } from "zod";
import { runId } from "./params.ts";
import { rawRoute } from "./route.ts";
import { anyJson, anyObject, id } from "./schemas.ts";

const EventBody = z
  .object({
    name: z.string(),
    data: anyObject.nullish(),
    user: anyObject.nullish(),
    id: z.string().nullish().meta({ description: "The producer's: within 24 h each function starts once for it." }),
    ts: z.number().int().nullish().meta({ description: "Unix milliseconds; in the future: runs begin then." }),
    v: z.string().nullish(),
  })
  .meta({ id: "EventPayload" });

const SentEvents = z
  .object({
    ids: z.array(z.string()).meta({ description: "In the order of the events; empty when the request is refused." }),
    status: z.number().int(),
    error: z.string().optional(),
    code: z.string().optional(),
    index: z.number().int().optional().meta({ description: "Which event was at fault." }),
  })
  .meta({ id: "SentEvents" });

export const RAW_ROUTES = [
  rawRoute({
    raw: true,
    method: "POST",
    path: "/e/:key",
    operationId: "sendEvents",
    summary: "Send events",
    description: "One, or a list; all or nothing. Answered when everything is durable, what they start included.",
    tag: "Events",
    // The key is in the path.
    scope: "public",
    origins: "any",
    audit: "none",
    family: "bare",
    params: { key: z.string().meta({ description: "An event key; any text when the server has none." }) },
    body: z.union([EventBody, z.array(EventBody)]),
    replies: { 200: { description: "Stored.", schema: SentEvents } },
    errors: [
      "event_invalid",
      "event_name_reserved",
      "event_too_large",
      "too_many_events",
      "event_key_required",
      "event_key_unknown",
      "content_type_unsupported",
      "server_stopping",
      "server_overloaded",
    ],
  }),
  rawRoute({
    raw: true,
    method: "POST",
    path: "/v1/checkpoint/:run/async",
    aliases: ["/v1/http/runs/:run/async"],
    operationId: "saveCheckpoint",
    summary: "Save results while a call goes on",
    tag: "SDK",
    scope: "operate",
    isForApps: true,
    audit: "none",
    family: "bare",
    params: { run: runId },
    body: z.object({
      run_id: id.optional(),
      qi_id: z.string(),
      generation_id: z.number().int().nullish(),
      steps: z.array(anyJson),
    }),
    replies: { 200: { description: "They are durable.", schema: z.object({ status: z.literal(200) }) } },
    errors: ["stale_dispatch", "not_found", "op_invalid", "op_unsupported", "too_many_ops", "step_output_too_large"],
  }),
  rawRoute({
    raw: true,
    method: "GET",
    path: "/v1/feed",
    operationId: "followFeed",
    summary: "What is committed, as it happens",
    description: "Server-sent events with ids, names and states, without payloads.",
    tag: "Server",
    scope: "read",
    family: "bare",
    replies: { 200: { description: "A stream that goes on.", contentType: "text/event-stream" } },
    errors: ["server_overloaded"],
  }),
];
