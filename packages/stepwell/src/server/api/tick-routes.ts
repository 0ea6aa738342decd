/** When the schedules of a function tick next. */
import { z } from "zod";
import { type Cron, isCronProblem, nextTick, parseCron } from "../../core/cron/cron.ts";
import { isoTime } from "../../core/instant.ts";
import { functionOf } from "./find.ts";
import { functionRef, limit } from "./params.ts";
import { route } from "./route.ts";
import { when } from "./schemas.ts";

const TICKS_MAX = 50;

export const TickRecord = z
  .object({
    cron: z.string(),
    zone: z.string(),
    next: z.array(when).meta({ description: "Nominal times, soonest first; a jitter comes on top." }),
  })
  .meta({ id: "Ticks" });

export const TICK_ROUTES = [
  route({
    method: "GET",
    path: "/v1/functions/:id/ticks",
    operationId: "getFunctionTicks",
    summary: "When the schedules of a function tick next",
    tag: "Functions",
    scope: "read",
    family: "v1",
    params: { id: functionRef },
    query: { limit: limit(TICKS_MAX) },
    replies: { 200: { description: "For each of its schedules.", schema: z.array(TickRecord) } },
    errors: ["not_found"],
    handler({ path, query }, context) {
      const crons = functionOf(context, path.id).triggers.flatMap((trigger) => {
        const cron = trigger.kind === "cron" ? parseCron(trigger.cron) : null;
        return cron === null || isCronProblem(cron) ? [] : [cron];
      });
      const now = Date.now();
      return {
        data: crons.map((cron) => ({
          cron: cron.source,
          zone: cron.zone,
          next: nextTicks(cron, now, query.limit).map(isoTime),
        })),
      };
    },
  }),
];

function nextTicks(cron: Cron, after: number, count: number): number[] {
  const ticks: number[] = [];
  for (let tick = nextTick(cron, after); tick !== null && ticks.length < count; tick = nextTick(cron, tick)) {
    ticks.push(tick);
  }
  return ticks;
}
