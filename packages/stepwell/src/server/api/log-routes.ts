/** Lines that handlers logged: of one run, across runs, and how an SDK sends them. */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import { isUlid, ulidTime } from "../../protocol/ids.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { type CallLines, LOG_LEVELS, readLines } from "../../protocol/log-lines.ts";
import { lineRecord, totalsRecord } from "../logs/log-record.ts";
import { cutPage } from "./answer.ts";
import type { ApiContext } from "./api-engine.ts";
import { defined, runOf } from "./find.ts";
import { cursor, jsonObject, limit, runId, text, time } from "./params.ts";
import { route } from "./route.ts";
import { functionIdsOf } from "./run-filter.ts";
import { id, uuid, when } from "./schemas.ts";

const LINES_MAX = 1_000;
/** Calls whose lines come in one request. */
const CALLS_MAX = 10_000;

const levels = z.enum(LOG_LEVELS);

const level = levels.optional().meta({ description: "This severe, or more: debug, info, warn, error." });

export const LogRecord = z
  .object({
    id: id.meta({ description: "A ULID. Ids grow with the time at which lines came in." }),
    run_id: id,
    function_id: uuid.nullable(),
    function_slug: z.string().nullable(),
    step_id: z.string().nullable().meta({ description: "The hashed id of the step; null between steps." }),
    step_name: z.string().nullable(),
    attempt: z.number().int(),
    level: levels,
    at: when.meta({ description: "By the clock of the app." }),
    received_at: when,
    message: z.string(),
  })
  .meta({ id: "LogLine" });

const attempt = z
  .string()
  .regex(/^\d{1,6}$/, "it is not a whole number")
  .transform(Number)
  .optional()
  .meta({ type: "integer", minimum: 0, pattern: undefined, description: "Of this attempt." });

export const LOG_ROUTES = [
  route({
    method: "GET",
    path: "/v1/runs/:id/logs",
    operationId: "listRunLogs",
    summary: "What a run has logged",
    description:
      "In the order in which the lines came in. To follow a run, ask again with `cursor` set to the id of the last line, " +
      "whenever the feed tells `logs_stored` of it.",
    tag: "Logs",
    scope: "read",
    family: "v1",
    params: { id: runId },
    query: {
      limit: limit(LINES_MAX),
      cursor,
      order: z.enum(["asc", "desc"]).prefault("asc").meta({ description: "Oldest first, or newest first." }),
      level,
      step: text("The hashed id of a step."),
      attempt,
    },
    replies: {
      200: {
        description: "A page of lines.",
        schema: z.array(LogRecord),
        isPage: true,
        more: {
          totals: z.object({
            lines: z.number().int(),
            dropped: z.number().int().meta({ description: "Lines that were left out: there were too many." }),
          }),
        },
      },
    },
    errors: ["not_found"],
    async handler({ path, query }, context) {
      const run = await runOf(context, path.id);
      const { order, level, step, attempt } = query;
      const place = order === "asc" ? { after: query.cursor } : { before: query.cursor };
      const [found, totals] = await Promise.all([
        context.store.logs.list({
          runId: run.id,
          order,
          limit: query.limit + 1,
          ...defined({ level, step, attempt, ...place }),
        }),
        context.store.logs.totals(run.id),
      ]);
      const { rows, page } = cutPage(found, query.limit);
      const data = rows.map((line) => lineRecord(line, context.engine.apps));
      return { data, page, more: { totals: totalsRecord(totals) } };
    },
  }),
  route({
    method: "GET",
    path: "/v1/logs",
    operationId: "searchLogs",
    summary: "Lines of all runs, newest first",
    description:
      `One request looks at ${LIMITS.logSearchLinesMax} lines at most: a page may have fewer lines than its limit, none even, and ` +
      "a cursor all the same. `searched_until` says how far back it has looked; the cursor goes on from there.",
    tag: "Logs",
    scope: "read",
    family: "v1",
    query: {
      limit: limit(LINES_MAX),
      cursor,
      text: text("A part of the message, whatever its case."),
      level,
      function: text("A function's slug or id."),
      app: text("An app's name or id."),
      from: time("Came in at this time or later."),
      until: time("Came in before this time."),
    },
    replies: {
      200: {
        description: "A page of lines.",
        schema: z.array(LogRecord),
        isPage: true,
        more: { searched_until: when.nullable().meta({ description: "Null: to the first line there is." }) },
      },
    },
    errors: ["not_found"],
    async handler({ query }, context) {
      const { text, level, from, until } = query;
      const functionIds = functionIdsOf(context.engine.apps, query.function, query.app);
      const { lines, next } = await context.store.logs.search({
        env: DEFAULT_ENV,
        limit: query.limit,
        linesMax: LIMITS.logSearchLinesMax,
        ...defined({ text, level, functionIds, from, until, before: query.cursor }),
      });
      return {
        data: lines.map((line) => lineRecord(line, context.engine.apps)),
        page: { limit: query.limit, cursor: next },
        more: { searched_until: next === null ? null : isoTime(ulidTime(next)) },
      };
    },
  }),
  route({
    method: "POST",
    path: "/v1/logs",
    operationId: "sendLogs",
    summary: "Send lines that handlers log",
    description:
      "As this project's SDK does while a call goes on. Taken at once and stored soon; what is too much is counted.",
    tag: "SDK",
    scope: "operate",
    isForApps: true,
    audit: "none",
    family: "bare",
    body: jsonObject,
    replies: { 202: { description: "Taken.", schema: z.object({ status: z.literal(202) }) } },
    handler({ body }, context) {
      for (const call of readCalls(body["calls"], context)) context.logs.take(call);
      return Response.json({ status: 202 }, { status: 202 });
    },
  }),
];

function readCalls(calls: unknown, { engine }: ApiContext): CallLines[] {
  if (!Array.isArray(calls)) throw invalidBody("calls is not a list");
  if (calls.length > CALLS_MAX) throw invalidBody(`calls has more than ${CALLS_MAX} members`);
  return calls.map((call: unknown, index) => {
    const read = readLines(call, Date.now());
    if (!isJsonObject(call) || read === null) throw invalidBody(`calls[${index}] has no list of lines`);
    const { run_id: runId, fn_id: functionId, attempt } = call;
    if (typeof runId !== "string" || !isUlid(runId)) throw invalidBody(`calls[${index}].run_id is not a ULID`);
    const isKnown = typeof functionId === "string" && engine.apps.anyFunction(functionId) !== undefined;
    const isNumber = typeof attempt === "number" && Number.isSafeInteger(attempt) && attempt >= 0;
    return { runId, functionId: isKnown ? functionId : null, attempt: isNumber ? attempt : 0, ...read };
  });
}

const invalidBody = (reason: string) => new StepwellError("body_invalid", { reason });
