/** `/v1/stats`: how many runs there were and how long they took, over time; what charts are made of. */
import { z } from "zod";
import { type Instant, isoTime } from "../../core/instant.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { type RunStatPoint, STAT_AGE_MS_MAX, STAT_STEPS_MS, type StatStepMs } from "../../store/run-stats.ts";
import { backlogOf, pointRecords, type StatSpan, smallPointRecords, totalsRecord } from "../run-stats-record.ts";
import type { ApiContext } from "./api-engine.ts";
import { defined } from "./find.ts";
import { text, time } from "./params.ts";
import { invalid } from "./read-input.ts";
import { route } from "./route.ts";
import { functionIdsOf } from "./run-filter.ts";
import { FunctionStatsRecord, StatsRecord } from "./schemas-stats.ts";

const STEPS = {
  "1m": 60_000,
  "5m": 300_000,
  "15m": 900_000,
  "1h": 3_600_000,
  "6h": 21_600_000,
  "1d": 86_400_000,
};
/** A chart has no more points than this, and the small ones beside each function far fewer. */
const POINTS_MAX = 400;
const POINTS_WANTED = 180;
const SMALL_POINTS_MAX = 48;
const SPAN_MS_DEFAULT = 86_400_000;

const query = {
  from: time("Runs since this time; 24 hours before `until` when absent."),
  until: time("Runs before this time; now when absent."),
  app: text("An app's name or id."),
};

export const STATS_ROUTES = [
  route({
    method: "GET",
    path: "/v1/stats",
    operationId: "getStats",
    summary: "Runs over time: throughput, failures, latencies, backlog",
    description:
      "Of all functions together, or of those named. Minutes are kept for four hours, quarters of an hour for two days, hours for five " +
      "weeks, days for three years. Latencies are " +
      "estimated from classes; `wait` is the time until the first call, `duration` from there to the end.",
    tag: "Runs",
    scope: "read",
    family: "v1",
    query: {
      ...query,
      function: text("A function's slug or id."),
      step: z
        .enum(Object.keys(STEPS) as [keyof typeof STEPS], `it is none of ${Object.keys(STEPS).join(", ")}`)
        .optional()
        .meta({ description: "How long one point is; what suits the span when absent." }),
    },
    replies: { 200: { description: "The points, the oldest first.", schema: StatsRecord } },
    errors: ["not_found", "server_stopping", "server_overloaded"],
    async handler({ query }, context) {
      const { now, queuedOf } = await queuesOf(context);
      const functionIds = functionIdsOf(context.engine.apps, query.function, query.app);
      const wanted = query.step === undefined ? null : STEPS[query.step];
      const span = spanOf(query.from, query.until, now, wanted, POINTS_WANTED);
      const which = { byFunction: false, ...defined({ functionIds }) };
      const points = await read(context, span, which);
      const ids = functionIds ?? context.engine.apps.everyFunction().map(({ fn }) => fn.id);
      const queued =
        ids.reduce((sum, id) => sum + queuedOf(id), 0) - backlogOf(await readSince(context, span, now, which));
      return {
        data: { ...spanRecord(span), totals: totalsRecord(points), points: pointRecords(points, span, queued) },
      };
    },
  }),
  route({
    method: "GET",
    path: "/v1/stats/functions",
    operationId: "getFunctionStats",
    summary: "Runs over time, function by function",
    description: `Functions that had runs in the span, those with the most first, each with at most ${SMALL_POINTS_MAX} points.`,
    tag: "Functions",
    scope: "read",
    family: "v1",
    query,
    replies: { 200: { description: "The functions.", schema: z.array(FunctionStatsRecord) } },
    errors: ["not_found", "server_stopping", "server_overloaded"],
    async handler({ query }, context) {
      const { now, queuedOf } = await queuesOf(context);
      const functionIds = functionIdsOf(context.engine.apps, undefined, query.app);
      const span = spanOf(query.from, query.until, now, null, SMALL_POINTS_MAX);
      const which = { byFunction: true, ...defined({ functionIds }) };
      const found = await read(context, span, which);
      const since = byFunction(await readSince(context, span, now, which));
      const records = [...byFunction(found)].map(([id, points]): JsonObject => {
        const fn = context.engine.apps.anyFunction(id)?.fn;
        return {
          function_id: id,
          function_slug: fn?.slug ?? null,
          function_name: fn?.name ?? null,
          app: fn?.appId ?? null,
          ...totalsRecord(points),
          queued: queuedOf(id),
          ...spanRecord(span),
          points: smallPointRecords(points, span, queuedOf(id) - backlogOf(since.get(id) ?? [])),
        };
      });
      return { data: records.sort((left, right) => Number(right["created"]) - Number(left["created"])) };
    },
  }),
];

function byFunction(points: readonly RunStatPoint[]): Map<string, RunStatPoint[]> {
  const groups = new Map<string, RunStatPoint[]>();
  for (const point of points) groups.set(point.functionId, [...(groups.get(point.functionId) ?? []), point]);
  return groups;
}

/** The time, and how many runs of a function wait for their first call. */
async function queuesOf({ engine }: ApiContext) {
  return engine.look((view, now) => {
    const ids = view.apps.everyFunction().map(({ fn }) => fn.id);
    const queued = new Map(ids.map((id) => [id, view.queuedOf(id)]));
    return { now, queuedOf: (id: string) => queued.get(id) ?? 0 };
  });
}

/** Begins and ends with whole points. */
function spanOf(
  from: Instant | undefined,
  until: Instant | undefined,
  now: Instant,
  wantedMs: number | null,
  points: number,
): StatSpan {
  const end = until ?? now + 1;
  const begin = from ?? end - SPAN_MS_DEFAULT;
  if (begin >= end) throw invalid("until", "it is not after the beginning");
  const fits = Object.values(STEPS).find((stepMs) => (end - begin) / stepMs <= points && hasStep(stepMs, begin, now));
  const days = Math.ceil((end - begin) / points / STEPS["1d"]);
  const pointMs = wantedMs ?? fits ?? days * STEPS["1d"];
  if (!hasStep(pointMs, begin, now))
    throw invalid("step", "counts so short are not kept for so long; ask for longer steps");
  const start = Math.floor(begin / pointMs) * pointMs;
  const span = { from: start, until: start + Math.ceil((end - start) / pointMs) * pointMs, pointMs };
  if ((span.until - span.from) / pointMs <= POINTS_MAX) return span;
  throw invalid("from", `there would be more than ${POINTS_MAX} points; ask for a shorter span or longer steps`);
}

/** The longest rows of which points are made. */
function stepOf(pointMs: number): StatStepMs {
  return STAT_STEPS_MS.findLast((stepMs) => pointMs % stepMs === 0) ?? STAT_STEPS_MS[0]!;
}

/** Whether rows are kept for so long. */
function hasStep(pointMs: number, from: Instant, now: Instant): boolean {
  return from > now - STAT_AGE_MS_MAX[stepOf(pointMs)];
}

type Which = { readonly byFunction: boolean; readonly functionIds?: readonly string[] };

function read({ store }: ApiContext, span: StatSpan, which: Which): Promise<RunStatPoint[]> {
  return store.listRunStats({ env: DEFAULT_ENV, stepMs: stepOf(span.pointMs), ...span, ...which });
}

/** What has happened since the end of the span: the backlog of then is that of now without it. */
async function readSince({ store }: ApiContext, span: StatSpan, now: Instant, which: Which): Promise<RunStatPoint[]> {
  const since = { from: span.until, until: now + 1, pointMs: Math.max(now + 1 - span.until, 1) };
  if (since.from >= since.until) return [];
  return store.listRunStats({ env: DEFAULT_ENV, stepMs: stepOf(span.pointMs), ...since, ...which });
}

function spanRecord({ from, until, pointMs }: StatSpan): JsonObject {
  return { from: isoTime(from), until: isoTime(until), step_ms: pointMs };
}
