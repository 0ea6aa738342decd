/** `/v0/runs/{id}/…`: the state of a run for SDKs whose call did not carry it (protocol.md §1.7). Bare JSON, no envelope. */
import type { Hono } from "hono";
import { isEnded, type Run } from "../core/run/run.ts";
import { memoFields } from "../protocol/call.ts";
import { StepwellError } from "../protocol/errors.ts";
import { isUlid } from "../protocol/ids.ts";
import { cancelRun } from "./cancel.ts";
import type { ServerContext } from "./context.ts";
import type { HttpEnv } from "./http-env.ts";

export function addStateRoutes(app: Hono<HttpEnv>, context: ServerContext): void {
  app.get("/v0/runs/:id/batch", async (c) => {
    const run = await openRun(context, c.req.param("id"));
    return bareJson(`[${run.events.map((event) => event.json).join(",")}]`);
  });

  app.get("/v0/runs/:id/actions", async (c) => {
    const run = await openRun(context, c.req.param("id"));
    const memos = run.stack.map((id) => ({ id, json: run.steps.get(id)!.memo! }));
    return bareJson(`{${memoFields(memos)}}`);
  });

  app.delete("/v0/runs/:id", async (c) => {
    await cancelRun(context, c.req.param("id"));
    return c.body(null, 204);
  });
}

async function openRun(context: ServerContext, id: string): Promise<Run> {
  if (!isUlid(id)) throw new StepwellError("query_invalid", { name: "runId", reason: "it is not a ULID" });
  const [run] = await context.store.loadRuns([id]);
  if (run === undefined || isEnded(run)) throw new StepwellError("run_state_gone", { run: id });
  return run;
}

function bareJson(json: string): Response {
  return new Response(json, { headers: { "content-type": "application/json" } });
}
