/** `/v0/runs/{id}/…`: the state of a run for SDKs whose call did not carry it. Bare JSON, no envelope. */
import { z } from "zod";
import { editedInputs } from "../../core/run/dispatch.ts";
import { isEnded, type Run } from "../../core/run/run.ts";
import { memoFields } from "../../protocol/call.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { isUlid } from "../../protocol/ids.ts";
import type { ApiContext } from "./api-engine.ts";
import { cancelRun } from "./cancel-run.ts";
import { runId } from "./params.ts";
import { route } from "./route.ts";
import { anyJson, anyObject } from "./schemas.ts";

export const STATE_ROUTES = [
  route({
    method: "GET",
    path: "/v0/runs/:id/batch",
    operationId: "getRunBatch",
    summary: "The events of a run that goes on",
    tag: "SDK",
    scope: "read",
    isForApps: true,
    family: "bare",
    params: { id: runId },
    replies: { 200: { description: "The events, as calls carry them.", schema: z.array(anyObject) } },
    errors: ["query_invalid", "run_state_gone"],
    async handler({ path }, context) {
      const run = await openRun(context, path.id);
      return bareJson(`[${run.events.map((event) => event.json).join(",")}]`);
    },
  }),
  route({
    method: "GET",
    path: "/v0/runs/:id/actions",
    operationId: "getRunActions",
    summary: "The memos of a run that goes on",
    tag: "SDK",
    scope: "read",
    isForApps: true,
    family: "bare",
    params: { id: runId },
    replies: { 200: { description: "By hashed step id.", schema: z.record(z.string(), anyJson) } },
    errors: ["query_invalid", "run_state_gone"],
    async handler({ path }, context) {
      const run = await openRun(context, path.id);
      const memos = run.stack.map((id) => ({ id, json: run.steps.get(id)!.memo! }));
      return bareJson(`{${memoFields([...memos, ...editedInputs(run)])}}`);
    },
  }),
  route({
    method: "DELETE",
    path: "/v0/runs/:id",
    operationId: "cancelRunV0",
    summary: "Cancel a run",
    tag: "SDK",
    scope: "operate",
    family: "bare",
    params: { id: runId },
    replies: { 204: { description: "It is cancelled." } },
    errors: ["not_found", "run_ended"],
    async handler({ path }, context) {
      await cancelRun(context, path.id);
      return new Response(null, { status: 204 });
    },
  }),
];

async function openRun({ store }: ApiContext, id: string): Promise<Run> {
  if (!isUlid(id)) throw new StepwellError("query_invalid", { name: "runId", reason: "it is not a ULID" });
  const [run] = await store.loadRuns([id]);
  if (run === undefined || isEnded(run)) throw new StepwellError("run_state_gone", { run: id });
  return run;
}

function bareJson(json: string): Response {
  return new Response(json, { headers: { "content-type": "application/json" } });
}
