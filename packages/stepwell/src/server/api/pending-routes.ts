/** `/v1/pending`: runs that gather events (debounce, batch) and have not begun: to see, to begin now, to discard. */
import { z } from "zod";
import type { Apps } from "../../core/apps.ts";
import { ruleText } from "../../core/explain/gathering.ts";
import { isoTime } from "../../core/instant.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { RunRow } from "../../store/store.ts";
import { cutPage } from "./answer.ts";
import type { ApiContext } from "./api-engine.ts";
import { defined, runOf } from "./find.ts";
import { cursor, limit, runId, text } from "./params.ts";
import { route } from "./route.ts";
import { functionIdsOf } from "./run-filter.ts";
import { id, uuid, when } from "./schemas.ts";

const PENDING_MAX = 100;

export const PendingRecord = z
  .object({
    run_id: id,
    function_id: uuid,
    function_slug: z.string().nullable(),
    kind: z.enum(["debounce", "batch"]),
    rule: z.string().meta({ description: "The option in words." }),
    key: z.string().nullable().meta({ description: "The value of its key; null: it has none." }),
    event_count: z.number().int(),
    event_ids: z.array(id).meta({ description: "The events so far, the first 100 of them." }),
    first_event_at: when,
    starts_at: when.meta({ description: "When it begins, if nothing else happens before." }),
  })
  .meta({ id: "Pending", description: "A run that gathers events." });

const EVENT_IDS_MAX = 100;

export const PENDING_ROUTES = [
  route({
    method: "GET",
    path: "/v1/pending",
    operationId: "listPending",
    summary: "Debounces and batches that gather events, newest first",
    tag: "Pending",
    scope: "read",
    family: "v1",
    query: {
      limit: limit(PENDING_MAX),
      cursor,
      function: text("A function's slug or id."),
      app: text("An app's name or id."),
    },
    replies: { 200: { description: "A page of them.", schema: z.array(PendingRecord), isPage: true } },
    errors: ["not_found"],
    async handler({ query }, { store, engine }) {
      const filter = defined({
        functionIds: functionIdsOf(engine.apps, query.function, query.app),
        before: query.cursor,
      });
      const found = await store.listPending({ env: DEFAULT_ENV, limit: query.limit + 1, ...filter });
      const { rows, page } = cutPage(found, query.limit);
      return { data: rows.map((row) => pendingRecord(row, engine.apps)), page };
    },
  }),
  route({
    method: "POST",
    path: "/v1/pending/:id/run",
    operationId: "runPending",
    summary: "Begin a run that gathers events now, with those that it has",
    tag: "Pending",
    scope: "operate",
    family: "v1",
    params: { id: runId },
    body: z.object({}).prefault({}),
    replies: { 200: { description: "It begins.", schema: z.object({ run_id: id }) } },
    errors: ["not_found", "run_not_pending"],
    async handler({ path }, context) {
      await act(context, path.id, false);
      return { data: { run_id: path.id } };
    },
  }),
  route({
    method: "DELETE",
    path: "/v1/pending/:id",
    operationId: "discardPending",
    summary: "Discard a run that gathers events",
    description: "It ends as cancelled and its events start nothing. They stay stored.",
    tag: "Pending",
    scope: "operate",
    family: "v1",
    params: { id: runId },
    replies: { 200: { description: "It is cancelled.", schema: z.object({ run_id: id }) } },
    errors: ["not_found", "run_not_pending"],
    async handler({ path }, context) {
      await act(context, path.id, true);
      return { data: { run_id: path.id } };
    },
  }),
];

async function act(context: ApiContext, runId: string, discards: boolean): Promise<void> {
  await runOf(context, runId);
  if (!(await context.engine.beginRun(runId, discards))) throw new StepwellError("run_not_pending", { run: runId });
}

function pendingRecord(row: RunRow, apps: Apps): JsonObject {
  const { id: runId, functionId, flow, eventIds, createdAt, startAt } = row;
  const collect = flow?.collect ?? { kind: "batch", key: "" };
  const fn = apps.anyFunction(functionId)?.fn;
  return {
    run_id: runId,
    function_id: functionId,
    function_slug: fn?.slug ?? null,
    kind: collect.kind,
    rule: fn === undefined ? collect.kind : ruleText(fn, collect),
    key: fn?.flow[collect.kind]?.key == null ? null : collect.key,
    event_count: eventIds.length,
    event_ids: eventIds.slice(0, EVENT_IDS_MAX),
    first_event_at: isoTime(createdAt),
    starts_at: isoTime(startAt),
  };
}
