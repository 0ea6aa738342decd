/** Runs of /v2, to read: all of them, those of a function, those of an event; one, and its tree of steps. */
import { z } from "zod";
import { cutPage } from "../answer.ts";
import type { ApiContext } from "../api-engine.ts";
import { eventOf, functionOfApp, runOf } from "../find.ts";
import { appRef, cursor, eventId, flag, functionRef, limit, runId, text, time } from "../params.ts";
import type { Data } from "../route.ts";
import { type RunQuery, runFilter } from "../run-filter.ts";
import { isSearching, type RunSearch, searchRuns } from "../run-search.ts";
import { id } from "../schemas.ts";
import { runRecordV2 } from "./record-v2.ts";
import { routeV2 } from "./route-v2.ts";
import { RunV2, SpanV2 } from "./schemas-v2.ts";
import { traceOf } from "./trace.ts";

const RUNS_MAX = 100;
const EVENT_RUNS_MAX = 40;

/** Lists come newest first by the time they were queued: other orders are refused rather than ignored. */
const timeField = z
  .string()
  .regex(/^queued_?at$/i, "only QUEUED_AT is supported")
  .optional()
  .meta({ description: "Which time `from` and `until` mean: QUEUED_AT." });
const order = z
  .string()
  .regex(/^desc(?:ending)?$/i, "only DESC, newest first, is supported")
  .optional()
  .meta({ description: "DESC: newest first." });
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

const NO_SEARCH: RunSearch = { text: null, expression: null };

const listReply = { 200: { description: "A page of runs.", schema: z.array(RunV2), isPage: true } };

async function list(
  query: RunQuery & { readonly includeOutput: boolean },
  context: ApiContext,
  search: RunSearch = NO_SEARCH,
): Promise<Data> {
  const filter = await runFilter(query, context);
  const { rows, page } = isSearching(search)
    ? await searchRuns(context, filter, search)
    : cutPage(await context.store.listRuns(filter), query.limit);
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
      text: text("Part of an id, a name, the event, the output or the error. Looks at 1,000 runs a page. Ours."),
      if: text("An expression over `event` and `output`: `output.total > 3`. Looks at 1,000 runs a page. Ours."),
    },
    replies: listReply,
    errors: ["not_found", "expression_invalid"],
    handler: ({ query }, context) => {
      return list(query, context, { text: query.text ?? null, expression: query.if ?? null });
    },
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
