/** Counts of runs over time, as schemas; run-stats-record.ts makes them. */
import { z } from "zod";
import { uuid, when } from "./schemas.ts";

const count = z.number().int();

const Latency = z
  .object({
    count: count.meta({ description: "How many runs it was measured of." }),
    mean_ms: count,
    p50_ms: count,
    p95_ms: count,
    p99_ms: count,
    max_ms: count,
  })
  .meta({ id: "Latency", description: "Quantiles are estimated from classes of latencies." });

const counts = {
  created: count,
  started: count,
  completed: count,
  failed: count,
  cancelled: count,
  skipped: count,
  wait: Latency.nullable().meta({ description: "From when a run could begin to its first call." }),
  duration: Latency.nullable().meta({ description: "From the first call to the end, of completed and failed runs." }),
};

const queued = count.meta({ description: "Runs that waited for their first call, at the end of the point." });
const StatPoint = z.object({ at: when, ...counts, queued }).meta({ id: "StatPoint" });

const SmallStatPoint = z
  .object({ at: when, created: count, completed: count, failed: count, queued })
  .meta({ id: "SmallStatPoint" });

const span = { from: when, until: when, step_ms: count.meta({ description: "How long one point is." }) };

export const StatsRecord = z
  .object({ ...span, totals: z.object(counts), points: z.array(StatPoint) })
  .meta({ id: "Stats" });

export const FunctionStatsRecord = z
  .object({
    function_id: uuid,
    function_slug: z.string().nullable(),
    function_name: z.string().nullable(),
    app: z.string().nullable(),
    ...counts,
    queued: count.meta({ description: "Runs that wait for their first call now." }),
    ...span,
    points: z.array(SmallStatPoint),
  })
  .meta({ id: "FunctionStats" });
