/** `/v1/runs/:id/events`: the events of a run, each with what became of it, where the function says so. */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import { readEventResults } from "../../protocol/event-results.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { RunRow } from "../../store/store.ts";
import { runOf } from "./find.ts";
import { cursor, limit, runId } from "./params.ts";
import { route } from "./route.ts";
import { anyJson, id, when } from "./schemas.ts";

const EVENTS_MAX = 100;

const RunEventRecord = z
  .object({
    event_id: id,
    name: z.string().nullable(),
    received_at: when.nullable(),
    result: z.enum(["Completed", "Failed", "Retried"]).nullable().meta({
      description: "What the function returned for it; null: it has not ended, or says nothing of single events.",
    }),
    output: anyJson.optional(),
    error: anyJson.optional(),
    retried_by: id.optional().meta({ description: "The run that tries it again." }),
  })
  .meta({ id: "RunEvent" });

export const RUN_EVENT_ROUTES = [
  route({
    method: "GET",
    path: "/v1/runs/:id/events",
    operationId: "listRunEvents",
    summary: "The events of a run, and what became of each",
    description: "In the order in which the function gets them.",
    tag: "Runs",
    scope: "read",
    family: "v1",
    params: { id: runId },
    query: { limit: limit(EVENTS_MAX), cursor },
    replies: { 200: { description: "A page of events.", schema: z.array(RunEventRecord), isPage: true } },
    errors: ["not_found"],
    async handler({ path, query }, context) {
      const run = await runOf(context, path.id);
      const from = query.cursor === undefined ? 0 : run.eventIds.indexOf(query.cursor) + 1;
      const ids = run.eventIds.slice(from, from + query.limit);
      const stored = new Map((await context.store.loadEvents(ids)).map((event) => [event.id, event]));
      const results = resultsOf(run);
      const data = ids.map((eventId, index) => {
        const event = stored.get(eventId);
        return {
          event_id: eventId,
          name: event?.name ?? null,
          received_at: event === undefined ? null : isoTime(event.receivedAt),
          ...(results[from + index] ?? { result: null }),
        };
      });
      const hasMore = from + ids.length < run.eventIds.length;
      return { data, page: { limit: query.limit, has_more: hasMore, cursor: hasMore ? (ids.at(-1) ?? null) : null } };
    },
  }),
];

function resultsOf({ output, eventIds, notes }: RunRow): readonly JsonObject[] {
  const results = output === null ? null : readEventResults(output, eventIds.length);
  if (results === null || typeof results === "string") return [];
  const { retriedBy } = notes ?? {};
  return results.map((result) => {
    if ("data" in result) return { result: "Completed", output: result.data };
    const error = { ...result.error };
    if (retriedBy === undefined || !result.retry) return { result: "Failed", error };
    return { result: "Retried", error, retried_by: retriedBy };
  });
}
