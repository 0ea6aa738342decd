/** `/v1/functions`: what is served now, and pausing it. */
import { z } from "zod";
import { StepwellError } from "../../protocol/errors.ts";
import { functionRecord } from "../run-record.ts";
import { anyFunctionOf, functionOf, notFound } from "./find.ts";
import { functionRef, text } from "./params.ts";
import { pauseBody, unpauseBody } from "./pause-body.ts";
import { route } from "./route.ts";
import { FunctionRecord } from "./schemas-v1.ts";

export const FUNCTION_ROUTES = [
  route({
    method: "GET",
    path: "/v1/functions",
    operationId: "listFunctions",
    summary: "The functions that are served",
    tag: "Functions",
    scope: "read",
    family: "v1",
    query: { app: text("Only those of this app, by its name.") },
    replies: { 200: { description: "All of them, by slug.", schema: z.array(FunctionRecord) } },
    handler({ query }, { engine: { apps } }) {
      const functions = apps.activeFunctions().filter((fn) => query.app === undefined || fn.appId === query.app);
      const bySlug = functions.sort((a, b) => (a.slug < b.slug ? -1 : 1));
      return { data: bySlug.map((fn) => functionRecord(fn, apps)) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/functions/:id",
    operationId: "getFunction",
    summary: "One function",
    tag: "Functions",
    scope: "read",
    family: "v1",
    params: { id: functionRef },
    replies: { 200: { description: "The function.", schema: FunctionRecord } },
    errors: ["not_found"],
    handler: ({ path }, context) => ({ data: functionRecord(functionOf(context, path.id), context.engine.apps) }),
  }),
  route({
    method: "POST",
    path: "/v1/functions/:id/pause",
    operationId: "pauseFunction",
    summary: "Pause a function",
    description: "Runs under way stand still, and events start none, as `mode` says.",
    tag: "Functions",
    scope: "operate",
    family: "v1",
    params: { id: functionRef },
    body: pauseBody,
    replies: { 200: { description: "It is paused.", schema: z.object({ function: z.string(), mode: z.string() }) } },
    errors: ["not_found", "function_not_found"],
    async handler({ path, body }, context) {
      const { slug, id } = anyFunctionOf(context, path.id);
      if (!(await context.engine.pause({ kind: "function", id, mode: body.mode })))
        throw new StepwellError("function_not_found", { function: slug });
      return { data: { function: slug, mode: body.mode } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/functions/:id/resume",
    operationId: "resumeFunction",
    summary: "End the pause of a function",
    description: "Also of one that is not served any more: it would come back paused.",
    tag: "Functions",
    scope: "operate",
    family: "v1",
    params: { id: functionRef },
    body: unpauseBody,
    replies: { 200: { description: "It is not paused any more.", schema: z.object({ function: z.string() }) } },
    errors: ["not_found"],
    async handler({ path }, context) {
      const { slug, id } = anyFunctionOf(context, path.id);
      if (!(await context.engine.unpause({ kind: "function", id }))) throw notFound("Function", path.id);
      return { data: { function: slug } };
    },
  }),
];
