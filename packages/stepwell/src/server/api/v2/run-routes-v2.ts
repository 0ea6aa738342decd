/** Runs of /v2, to read: all of them, those of a function, those of an event; one, and its tree of steps. */
import { z } from "zod";
import { searchedPage } from "../answer.ts";
import type { ApiContext } from "../api-engine.ts";
import { eventOf, functionOfApp, runOf } from "../find.ts";
import { appRef, cursor, eventId, flag, functionRef, limit, runId, text, time } from "../params.ts";
import type { Data } from "../route.ts";
import { type RunQuery, runFilter, SEARCHED_EXPRESSION, SEARCHED_TEXT } from "../run-filter.ts";
import { id } from "../schemas.ts";
import { runRecordV2 } from "./record-v2.ts";
import { routeV2 } from "./route-v2.ts";
import { RunV2, SpanV2 } from "./schemas-v2.ts";
import { traceOf } from "./trace.ts";

const RUNS_MAX = 100;
const EVENT_RUNS_MAX = 40;

/** Lists go by the time at which runs were queued: another one is refused rather than ignored. */
const timeField = z
  .string()
  .regex(/^queued_?at$/i, "only QUEUED_AT is supported")
  .optional()
  .meta({ description: "Which time `from` and `until` mean: QUEUED_AT." });
const order = z
  .string()
  .regex(/^(?:asc|desc)(?:ending)?$/i, "it is neither ASC nor DESC")
  .transform((text) => (/^a/i.test(text) ? ("oldest" as const) : ("newest" as const)))
  .optional()
  .meta({ type: "string", description: "DESC, newest first, unless it is ASC." });
const includeOutput = flag("Results and errors of runs too.");

const listQuery = {
  cursor,
  from: time("Queued at this time or later."),
  until: time("Queued before this time."),
  timeField,
  order,
  status: text("QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED or SKIPPED; several with commas, or repeated."),
  includeOutput,
};

const listReply = { 200: { description: "A page of runs.", schema: z.array(RunV2), isPage: true } };

async function list(query: RunQuery & { readonly includeOutput: boolean }, context: ApiContext): Promise<Data> {
  const search = await runFilter(query, context);
  const found = await context.store.searchRuns({ ...search, isBrief: !query.includeOutput });
  const { rows, page } = searchedPage(found, query.limit);
  return { data: rows.map((row) => runRecordV2(row, context.engine.apps, query.includeOutput)), page };
}

export const RUN_ROUTES_V2 = [
  routeV2({
    method: "GET",
    path: "/runs",
    operationId: "listRunsV2",
    summary: "Runs, newest first",
    tag: "Runs",
    scope: "read",
    query: {
      limit: limit(RUNS_MAX),
      ...listQuery,
      function: text("A function's slug or id. Ours."),
      app: text("An app's name or id. Ours."),
      parent: text("The id of a run: the runs that its steps invoked. Ours."),
      text: text(`${SEARCHED_TEXT} Ours.`),
      if: text(`${SEARCHED_EXPRESSION} Ours.`),
    },
    replies: listReply,
    errors: ["not_found", "expression_invalid"],
    handler: ({ query }, context) => list(query, context),
  }),
  routeV2({
    method: "GET",
    path: "/apps/:app/functions/:function/runs",
    operationId: "listFunctionRunsV2",
    summary: "The runs of a function, newest first",
    tag: "Runs",
    scope: "read",
    params: { app: appRef, function: functionRef },
    query: { limit: limit(RUNS_MAX), ...listQuery },
    replies: listReply,
    errors: ["not_found"],
    handler({ path, query }, context) {
      const fn = functionOfApp(context, path.app, path.function);
      return list({ ...query, function: fn.id }, context);
    },
  }),
  routeV2({
    method: "GET",
    path: "/events/:id/runs",
    operationId: "listEventRunsV2",
    summary: "The runs that an event started",
    tag: "Events",
    scope: "read",
    params: { id: eventId },
    query: { limit: limit(EVENT_RUNS_MAX), ...listQuery },
    replies: listReply,
    errors: ["not_found"],
    async handler({ path, query }, context) {
      const event = await eventOf(context, path.id);
      return list({ ...query, event: event.id }, context);
    },
  }),
  routeV2({
    method: "GET",
    path: "/runs/:id",
    operationId: "getRunV2",
    summary: "One run",
    tag: "Runs",
    scope: "read",
    params: { id: runId },
    query: { includeOutput },
    replies: { 200: { description: "The run.", schema: RunV2 } },
    errors: ["not_found"],
    async handler({ path, query }, context) {
      return { data: runRecordV2(await runOf(context, path.id), context.engine.apps, query.includeOutput) };
    },
  }),
  routeV2({
    method: "GET",
    path: "/runs/:id/trace",
    operationId: "getRunTraceV2",
    summary: "The tree of a run: its steps, and the runs that they invoked",
    tag: "Runs",
    scope: "read",
    params: { id: runId },
    query: { includeOutput: flag("Results of runs and steps too.") },
    replies: { 200: { description: "The tree.", schema: z.object({ runId: id, rootSpan: SpanV2 }) } },
    errors: ["not_found"],
    async handler({ path, query }, context) {
      const run = await runOf(context, path.id);
      return { data: { runId: run.id, rootSpan: await traceOf(context, run, query.includeOutput) } };
    },
  }),
];
