/** `/v1/runs`: runs and their steps, to read. */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import { MAIN_SLOT } from "../../core/run/run.ts";
import { attemptRecord, runRecord, stepRecord } from "../run-record.ts";
import { searchedPage } from "./answer.ts";
import { runOf } from "./find.ts";
import { cursor, limit, offsetCursor, runId, text, time } from "./params.ts";
import { route } from "./route.ts";
import { runFilter, SEARCHED_EXPRESSION, SEARCHED_TEXT } from "./run-filter.ts";
import { when } from "./schemas.ts";
import { AttemptRecord, RunRecord, StepRecord } from "./schemas-v1.ts";

const RUNS_MAX = 100;
const STEPS_MAX = 1_000;

const JobRecord = z
  .object({
    JobID: z.string(),
    at: when,
    position: z.number().int(),
    kind: z.string(),
    attempt: z.number().int(),
    Raw: z.null(),
  })
  .meta({ id: "Job" });

export const RUN_ROUTES = [
  route({
    method: "GET",
    path: "/v1/runs",
    operationId: "listRuns",
    summary: "Runs, newest first",
    tag: "Runs",
    scope: "read",
    family: "v1",
    query: {
      limit: limit(RUNS_MAX),
      cursor,
      status: text("Names of statuses, separated by commas."),
      function: text("A function's slug or id."),
      app: text("An app's name or id."),
      event: text("The id of an event: the runs that it started."),
      from: time("Created at this time or later."),
      until: time("Created before this time."),
      parent: text("The id of a run: the runs that its steps invoked."),
      text: text(SEARCHED_TEXT),
      if: text(SEARCHED_EXPRESSION),
    },
    replies: { 200: { description: "A page of runs.", schema: z.array(RunRecord), isPage: true } },
    errors: ["not_found", "expression_invalid"],
    async handler({ query }, context) {
      const found = await context.store.searchRuns(await runFilter(query, context));
      const { rows, page } = searchedPage(found, query.limit);
      return { data: rows.map((row) => runRecord(row, context.engine.apps)), page };
    },
  }),
  route({
    method: "GET",
    path: "/v1/runs/:id",
    operationId: "getRun",
    summary: "One run",
    tag: "Runs",
    scope: "read",
    family: "v1",
    params: { id: runId },
    replies: { 200: { description: "The run.", schema: RunRecord } },
    errors: ["not_found"],
    async handler({ path }, context) {
      return { data: runRecord(await runOf(context, path.id), context.engine.apps) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/runs/:id/steps",
    operationId: "listRunSteps",
    summary: "The steps of a run",
    description: "In the order in which they finished, open ones last.",
    tag: "Runs",
    scope: "read",
    family: "v1",
    params: { id: runId },
    query: { limit: limit(STEPS_MAX, STEPS_MAX), cursor: offsetCursor },
    replies: {
      200: {
        description: "A page of steps, and the attempts in which the function itself failed.",
        schema: z.array(StepRecord),
        isPage: true,
        more: { function_failed_attempts: z.array(AttemptRecord) },
      },
    },
    errors: ["not_found"],
    async handler({ path, query }, context) {
      const run = await runOf(context, path.id);
      const { store } = context;
      const { limit, cursor: offset } = query;
      const found = await store.listSteps(run.id, { offset, limit: limit + 1 });
      const steps = found.slice(0, limit);
      const attempts = await store.listAttempts(run.id, [MAIN_SLOT, ...steps.map((step) => step.id)]);
      const ofFunction = attempts.filter((attempt) => attempt.slot === MAIN_SLOT).slice(0, STEPS_MAX);
      return {
        data: steps.map((step) => stepRecord(step, attempts)),
        page: { limit, cursor: found.length > limit ? String(offset + limit) : null },
        more: { function_failed_attempts: ofFunction.map(attemptRecord) },
      };
    },
  }),
  route({
    method: "GET",
    path: "/v1/runs/:id/jobs",
    operationId: "listRunJobs",
    summary: "What a run will do next, and when",
    tag: "Runs",
    scope: "read",
    family: "v1",
    params: { id: runId },
    replies: { 200: { description: "The jobs, in the order in which they are due.", schema: z.array(JobRecord) } },
    errors: ["not_found"],
    async handler({ path }, context) {
      const row = await runOf(context, path.id);
      const [run] = await context.store.loadRuns([row.id]);
      const jobs = [...(run?.jobs.values() ?? [])].sort((a, b) => a.dueAt - b.dueAt);
      return {
        data: jobs.map(({ slot, dueAt, kind, attempt }, position) => {
          return { JobID: `${row.id}.${slot}`, at: isoTime(dueAt), position, kind, attempt, Raw: null };
        }),
      };
    },
  }),
];
