/** `/v1/events`: what was received, and what became of it. */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { RunRow } from "../../store/store.ts";
import { decisionRecord, eventRecord, runRecord } from "../run-record.ts";
import { searchedPage } from "./answer.ts";
import type { ApiContext } from "./api-engine.ts";
import { defined, eventOf } from "./find.ts";
import { cursor, eventId, limit, text, time } from "./params.ts";
import { route } from "./route.ts";
import { searchExpression } from "./run-filter.ts";
import { DecisionRecord, EventRecord, RunRecord } from "./schemas-v1.ts";

/** The wire's limit for events; lists of our own go further. */
const EVENTS_MAX = 51;
const RUNS_MAX = 100;

export const EVENT_ROUTES = [
  route({
    method: "GET",
    path: "/v1/events",
    operationId: "listEvents",
    summary: "Events, newest first",
    tag: "Events",
    scope: "read",
    family: "v1",
    query: {
      limit: limit(EVENTS_MAX),
      cursor,
      name: text("Only events of this name."),
      received_after: time("Received at this time or later."),
      received_before: time("Received before this time."),
      text: text("Part of an id, the name or the data. Looks back for a limited time a page. Ours."),
      if: text("An expression over `event`: `event.data.n > 3`. Looks back for a limited time a page. Ours."),
    },
    replies: { 200: { description: "A page of events.", schema: z.array(EventRecord), isPage: true } },
    errors: ["expression_invalid"],
    async handler({ query }, { store }) {
      const filter = defined({
        name: query.name,
        receivedFrom: query.received_after,
        receivedUntil: query.received_before,
        before: query.cursor,
        text: query.text,
        expression: searchExpression(query.if),
      });
      const found = await store.searchEvents({ env: DEFAULT_ENV, limit: query.limit + 1, ...filter });
      const { rows, page } = searchedPage(found, query.limit);
      return { data: rows.map(eventRecord), page };
    },
  }),
  route({
    method: "GET",
    path: "/v1/events/:id",
    operationId: "getEvent",
    summary: "One event",
    tag: "Events",
    scope: "read",
    family: "v1",
    params: { id: eventId },
    replies: { 200: { description: "The event.", schema: EventRecord } },
    errors: ["not_found"],
    async handler({ path }, context) {
      return { data: eventRecord(await eventOf(context, path.id)) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/events/:id/runs",
    operationId: "listEventRuns",
    summary: "The runs that an event started",
    tag: "Events",
    scope: "read",
    family: "v1",
    params: { id: eventId },
    replies: { 200: { description: `At most ${RUNS_MAX} runs, newest first.`, schema: z.array(RunRecord) } },
    errors: ["not_found"],
    async handler({ path }, context) {
      const runs = await runsOf(context, path.id);
      return { data: runs.map((row) => runRecord(row, context.engine.apps)) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/events/:id/decisions",
    operationId: "listEventDecisions",
    summary: "What became of an event, per function",
    description: "For each function that listens on its name: started or not, and why.",
    tag: "Events",
    scope: "read",
    family: "v1",
    params: { id: eventId },
    replies: { 200: { description: "The decisions.", schema: z.array(DecisionRecord) } },
    errors: ["not_found"],
    async handler({ path }, context) {
      const runs = await runsOf(context, path.id);
      const others = await context.store.listDecisions(path.id);
      const { apps } = context.engine;
      return {
        data: [
          ...runs.map((run) => startedRecord(run, context)),
          ...others.map((decision) => decisionRecord(decision, apps)),
        ],
      };
    },
  }),
];

async function runsOf(context: ApiContext, id: string): Promise<RunRow[]> {
  const event = await eventOf(context, id);
  return context.store.listRuns({ env: DEFAULT_ENV, eventId: event.id, limit: RUNS_MAX });
}

function startedRecord(run: RunRow, { engine }: ApiContext): JsonObject {
  return {
    function_id: run.functionId,
    function_slug: engine.apps.anyFunction(run.functionId)?.fn.slug ?? null,
    outcome: "started",
    reason: "",
    run_id: run.id,
    at: isoTime(run.createdAt),
  };
}
