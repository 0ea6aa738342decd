/** Starting a function without an event of its own: with an answer to wait for, or as the wire has it. */
import { z } from "zod";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import { isLargerThan } from "../../protocol/json.ts";
import { EVENT_ID_BYTES_MAX, hasUnstorable } from "../../protocol/read-events.ts";
import { runRecord } from "../run-record.ts";
import type { ApiContext } from "./api-engine.ts";
import { functionOf } from "./find.ts";
import { awaitRun, invoke, waitMsOf } from "./invoke.ts";
import { functionRef, jsonObject } from "./params.ts";
import { route } from "./route.ts";
import { id } from "./schemas.ts";
import { RunRecord } from "./schemas-v1.ts";

export const waitField = z
  .union([z.string(), z.number()])
  .nullish()
  .meta({ description: "Wait so long for the run to end: `30s`, or milliseconds; at most 5 minutes. Ours." });

export const idempotencyKey = z
  .string()
  .min(1, "must not be empty")
  .refine((key) => !isLargerThan(key, EVENT_ID_BYTES_MAX), `must have at most ${EVENT_ID_BYTES_MAX} bytes`)
  .refine((key) => !hasUnstorable(key), "has characters that cannot be stored")
  .nullish()
  .meta({ description: "Within 24 h the function starts once for it." });

const Invoked = z
  .object({ run_id: id, event_id: id.nullable(), is_new: z.boolean() })
  .meta({ id: "Invoked", description: "`is_new` is false when there was a run for the idempotency key." });

const FUNCTION_ERRORS = ["not_found", "event_invalid", "event_too_large"] as const;

export const INVOKE_ROUTES = [
  route({
    method: "POST",
    path: "/v1/functions/:id/invoke",
    operationId: "invokeFunction",
    summary: "Start a function, and wait for its result if asked to",
    tag: "Functions",
    scope: "operate",
    audit: "people",
    family: "v1",
    params: { id: functionRef },
    body: z.object({
      data: jsonObject.nullish(),
      user: jsonObject.nullish(),
      wait: waitField,
      idempotency_key: idempotencyKey,
    }),
    replies: {
      200: { description: "The run has ended; `output` has its result or error.", schema: RunRecord },
      202: { description: "The run is under way.", schema: Invoked },
    },
    errors: FUNCTION_ERRORS,
    async handler({ path, body, request }, context) {
      const { data = null, user = null, wait = null, idempotency_key: key = null } = body;
      const waitMs = waitMsOf(wait);
      const fn = functionOf(context, path.id);
      const { runId, eventId, isNew } = await invoke(context, {
        fn,
        fields: { data, user },
        idempotencyKey: key,
        request,
      });
      const run = waitMs === 0 ? null : await awaitRun(context, runId, waitMs, request);
      if (run !== null && run.endedAt !== null) return { data: runRecord(run, context.engine.apps) };
      return { status: 202, data: { run_id: runId, event_id: eventId, is_new: isNew } };
    },
  }),
  route({
    method: "POST",
    path: "/invoke/:slug",
    operationId: "invokeBySlug",
    summary: "Start a function with an event that has no name",
    tag: "Functions",
    scope: "operate",
    audit: "people",
    family: "bare",
    params: { slug: functionRef },
    body: jsonObject,
    replies: { 200: { description: "It is started.", schema: z.object({ id, status: z.literal(200) }) } },
    errors: FUNCTION_ERRORS,
    async handler({ path, body, request }, context) {
      const fn = functionOf(context, path.slug);
      const key = typeof body["id"] === "string" && body["id"] !== "" ? body["id"] : null;
      const { eventId, runId } = await invoke(context, { fn, fields: body, idempotencyKey: key, request });
      return Response.json({ id: eventId ?? (await firstEventOf(runId, context)), status: 200 });
    },
  }),
];

/** For a repeated request: the event of the run that there was. */
async function firstEventOf(runId: string, { store }: ApiContext): Promise<string> {
  const run = await store.getRun(DEFAULT_ENV, runId);
  return run?.eventIds[0] ?? runId;
}
