/** The routes of realtime channels, described; realtime.ts answers them on the bare request. */
import { z } from "zod";
import { LIMITS } from "../../protocol/limits.ts";
import { rawRoute } from "../api/route.ts";
import { anyJson } from "../api/schemas.ts";

/** Of a channel or a topic. Names stand in addresses and in logs, so they have no control characters. */
export const Name = z
  .string()
  .min(1, "it is empty")
  .max(LIMITS.realtimeNameCharsMax, `it is longer than ${LIMITS.realtimeNameCharsMax} characters`)
  .regex(/^\P{Cc}*$/u, "it has control characters");

export const TopicList = z
  .array(
    z.object({
      channel: Name,
      name: Name.meta({ description: "The topic." }),
      kind: z.string().nullish().meta({ description: "As SDKs send it; not looked at." }),
    }),
  )
  .min(1)
  .max(LIMITS.realtimeTopicsMax, `must have no more than ${LIMITS.realtimeTopicsMax} topics`);

export const REALTIME_ROUTES = [
  rawRoute({
    raw: true,
    method: "POST",
    path: "/v1/realtime/token",
    operationId: "createRealtimeToken",
    summary: "A token to listen to topics",
    description: "For a page or another client that has no key. To begin to listen it must be used within a minute.",
    tag: "SDK",
    scope: "operate",
    isForApps: true,
    audit: "none",
    family: "bare",
    body: TopicList,
    replies: { 201: { description: "The token.", schema: z.object({ jwt: z.string() }) } },
  }),
  rawRoute({
    raw: true,
    method: "POST",
    path: "/v1/realtime/publish",
    operationId: "publishRealtime",
    summary: "Tell whoever listens to a topic",
    description:
      "Nothing is stored: who listens now gets it. Under the content type `text/stream` the body is passed on as it comes, in " +
      "pieces (`datastream-start`, `chunk`, `datastream-end`); any other body is one message (`data`), and one that is no JSON is a text.",
    tag: "SDK",
    scope: "operate",
    isForApps: true,
    audit: "none",
    family: "bare",
    query: {
      channel: Name,
      topic: Name.meta({ description: "May be there several times." }),
      run_id: z.string().optional().meta({ description: "Passed on: the run that publishes, a ULID." }),
      metadata: z.string().optional().meta({ description: "Passed on: a JSON object." }),
    },
    body: anyJson,
    replies: { 200: { description: "It was passed on.", schema: z.object({ status: z.literal(200) }) } },
  }),
  rawRoute({
    raw: true,
    method: "GET",
    path: "/v1/realtime/connect",
    operationId: "connectRealtime",
    summary: "Listen to topics over a WebSocket",
    description: "Messages are JSON texts, told apart by `kind`. The token may also be a bearer.",
    tag: "SDK",
    // The token is the key.
    scope: "public",
    origins: "any",
    family: "bare",
    query: { token: z.string().optional().meta({ description: "From `POST /v1/realtime/token`." }) },
    replies: { 101: { description: "From now on it is a WebSocket." } },
    errors: ["realtime_token_invalid", "websocket_required", "server_overloaded"],
  }),
];
