/** What can be done to a run: cancel it, repeat it whole or from a step, take up a failed one again. */
import { z } from "zod";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { ApiContext } from "./api-engine.ts";
import { cancelRun } from "./cancel-run.ts";
import { runOf } from "./find.ts";
import { jsonTextOf } from "./json-text.ts";
import { runId } from "./params.ts";
import { route } from "./route.ts";
import { id } from "./schemas.ts";
import { type Started, startedOf } from "./started.ts";

const stepId = z
  .string()
  .min(1, "must not be empty")
  .max(LIMITS.stepIdCharsMax, `must have at most ${LIMITS.stepIdCharsMax} characters`)
  .meta({ description: "The step's id as it was written, or hashed." });

/** Absent: the arguments of the code. */
const stepInput = z
  .array(z.unknown())
  .optional()
  .meta({ description: "The arguments to use instead of those of the code." });

const StartedRecord = z
  .object({ run_id: id, original_run_id: id })
  .meta({ id: "StartedRun", description: "The new run, and the one it repeats." });

export const RUN_ACTION_ROUTES = [
  route({
    method: "DELETE",
    path: "/v1/runs/:id",
    operationId: "cancelRun",
    summary: "Cancel a run",
    tag: "Runs",
    scope: "operate",
    family: "v1",
    params: { id: runId },
    replies: { 200: { description: "It is cancelled." } },
    errors: ["not_found", "run_ended"],
    async handler({ path }, context) {
      await cancelRun(context, path.id);
      return new Response(null, { status: 200 });
    },
  }),
  route({
    method: "POST",
    path: "/v1/runs/:id/rerun",
    operationId: "rerunRun",
    summary: "Repeat a run",
    description:
      "A new run of the same events, with the code and configuration of now; from a step: with the results before it.",
    tag: "Runs",
    scope: "operate",
    family: "v1",
    params: { id: runId },
    body: z.object({ from_step: z.object({ step_id: stepId, input: stepInput }).nullish() }).prefault({}),
    replies: { 200: { description: "The new run.", schema: StartedRecord } },
    errors: ["not_found"],
    async handler({ path, body }, context) {
      const step = body.from_step ?? null;
      const from = step === null ? null : { stepId: step.step_id, input: step.input };
      const started = await rerun(context, path.id, from);
      return { data: { run_id: started.runId, original_run_id: path.id } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/runs/:id/resume",
    operationId: "resumeRun",
    summary: "Take up a failed run again",
    description: "The same run goes on at the step that failed, with fresh attempts.",
    tag: "Runs",
    scope: "operate",
    family: "v1",
    params: { id: runId },
    body: z.object({}).prefault({}),
    replies: { 200: { description: "The run.", schema: z.object({ run_id: id }) } },
    errors: ["not_found", "run_not_failed", "run_place_taken"],
    async handler({ path }, context) {
      await runOf(context, path.id);
      const started = startedOf(await context.engine.resumeRun({ runId: path.id }));
      return { data: { run_id: started.runId } };
    },
  }),
];

/** A new run for that of the path; both families ask for it here. */
export async function rerun(
  context: ApiContext,
  runId: string,
  from: { readonly stepId: string; readonly input: readonly unknown[] | undefined } | null,
): Promise<Started> {
  await runOf(context, runId);
  const fromStep =
    from === null
      ? null
      : { stepId: from.stepId, input: from.input === undefined ? null : jsonTextOf(from.input, "input") };
  const size = fromStep?.input?.length ?? 0;
  if (size > LIMITS.stepInputBytesMax) {
    throw new StepwellError("step_input_too_large", { step: from!.stepId, size, limit: LIMITS.stepInputBytesMax });
  }
  return startedOf(await context.engine.rerun({ runId, fromStep }));
}
