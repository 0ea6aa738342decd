/** What can be done in /v2: repeat a run, cancel it, start a function, send an event. */
import { z } from "zod";
import { StepwellError } from "../../../protocol/errors.ts";
import { HEADERS } from "../../../protocol/headers.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { readEvents } from "../../intake.ts";
import { cancelRunV2 } from "../cancel-run.ts";
import { functionOfApp } from "../find.ts";
import { awaitRun, invoke, waitMsOf } from "../invoke.ts";
import { idempotencyKey, waitField } from "../invoke-routes.ts";
import { appRef, functionRef, jsonObject, runId } from "../params.ts";
import { rerun } from "../run-action-routes.ts";
import { id } from "../schemas.ts";
import { invokedRecord } from "./invoked-record.ts";
import { routeV2 } from "./route-v2.ts";
import { InvokedV2 } from "./schemas-v2.ts";

const runIdReply = (description: string) => ({ 200: { description, schema: z.object({ runId: id }) } });

export const RUN_ACTION_ROUTES_V2 = [
  routeV2({
    method: "POST",
    path: "/runs/:id/rerun",
    operationId: "rerunRunV2",
    summary: "Repeat a run",
    tag: "Runs",
    scope: "operate",
    params: { id: runId },
    body: z
      .object({
        fromStep: z
          .object({
            stepId: z
              .string()
              .min(1, "must not be empty")
              .max(LIMITS.stepIdCharsMax, `must have at most ${LIMITS.stepIdCharsMax} characters`),
            input: z.array(z.unknown()).nullish(),
          })
          .nullish(),
      })
      .prefault({}),
    replies: runIdReply("The new run."),
    errors: ["not_found", "step_input_too_large"],
    async handler({ path, body }, context) {
      const { fromStep = null } = body;
      const from = fromStep === null ? null : { stepId: fromStep.stepId, input: fromStep.input ?? undefined };
      return { data: { runId: (await rerun(context, path.id, from)).runId } };
    },
  }),
  routeV2({
    method: "POST",
    path: "/runs/:id/cancel",
    operationId: "cancelRunV2",
    summary: "Cancel a run",
    tag: "Runs",
    scope: "operate",
    params: { id: runId },
    body: z.object({}).prefault({}),
    replies: runIdReply("It is cancelled."),
    errors: ["not_found", "run_already_cancelled", "run_already_ended"],
    async handler({ path }, context) {
      await cancelRunV2(context, path.id);
      return { data: { runId: path.id } };
    },
  }),
  routeV2({
    method: "POST",
    path: "/apps/:app/functions/:function/invoke",
    operationId: "invokeFunctionV2",
    summary: "Start a function, and wait for its result if asked to",
    tag: "Functions",
    scope: "operate",
    audit: "people",
    params: { app: appRef, function: functionRef },
    body: z.object({ data: jsonObject.nullish(), idempotencyKey, wait: waitField }).prefault({}),
    replies: { 200: { description: "The run; with its end when that has come.", schema: InvokedV2 } },
    errors: ["not_found", "event_invalid", "event_too_large"],
    async handler({ path, body, request }, context) {
      const waitMs = waitMsOf(body.wait ?? null);
      const fn = functionOfApp(context, path.app, path.function);
      const key = body.idempotencyKey ?? null;
      const started = await invoke(context, {
        fn,
        fields: { data: body.data ?? null },
        idempotencyKey: key,
        request,
      });
      const run = await awaitRun(context, started.runId, waitMs, request);
      if (run === null) throw new StepwellError("not_found", { what: `Run ${started.runId}` });
      return { data: invokedRecord(run) };
    },
  }),
  routeV2({
    method: "POST",
    path: "/events",
    operationId: "sendEventV2",
    summary: "Send one event",
    tag: "Events",
    scope: "operate",
    audit: "people",
    body: jsonObject.meta({
      description: "`name`, `data`, `user`, `id` and `ts`, as for POST /e/{key}.",
      properties: { name: { type: "string" }, data: { type: "object" } },
      required: ["name"],
    }),
    replies: { 200: { description: "It is stored.", schema: z.object({ eventId: id }) } },
    errors: ["event_invalid", "event_name_reserved", "event_too_large"],
    async handler({ body, request }, context) {
      const seed = request.header(HEADERS.eventIdSeed);
      const events = readEvents({ body, seed, now: Date.now(), ids: context.ids });
      const [receipt] = await context.engine.receive(events);
      return { data: { eventId: receipt!.eventId } };
    },
  }),
];
