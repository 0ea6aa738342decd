/** `/v1/waits`: steps that sleep or wait, of all runs: for what, since when, and until when. */
import { z } from "zod";
import type { Apps } from "../../core/apps.ts";
import { isoTime } from "../../core/instant.ts";
import type { StepKind } from "../../core/run/run.ts";
import type { JobPlace } from "../../core/schedule/hint.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { placeOf, type WaitingPage, type WaitingStep } from "../../store/waiting.ts";
import { defined } from "./find.ts";
import { limit, text } from "./params.ts";
import { type PageFacts, route } from "./route.ts";
import { functionIdsOf } from "./run-filter.ts";
import { id, uuid, when } from "./schemas.ts";

const WAITS_MAX = 100;

/** What the waiting is for, and the kind of step that does it. */
const KINDS = { sleep: "sleep", event: "wait", signal: "signal", run: "invoke" } as const satisfies Readonly<
  Record<string, StepKind>
>;

type WaitingKind = keyof typeof KINDS;

const KIND_NAMES = Object.keys(KINDS) as readonly WaitingKind[];

export const WaitingStepRecord = z
  .object({
    run_id: id,
    function_id: uuid,
    function_slug: z.string().nullable(),
    step: z.object({ id: z.string(), name: z.string(), index: z.number().int() }),
    kind: z.enum(KIND_NAMES).meta({ description: "What it waits for: a time, an event, a signal, or a run." }),
    since: when,
    until: when.meta({ description: "When it goes on by itself: the sleep is over, or the patience is." }),
    names: z.array(z.string()).meta({ description: "The events, or the signal." }),
    expression: z.string().nullable().meta({ description: "The condition that the event has to fulfil." }),
    child_run_id: id.nullable().meta({ description: "The run that it invoked." }),
  })
  .meta({ id: "WaitingStep", description: "A step that sleeps or waits." });

const PLACE = /^(-?\d{1,16})\.([0-7][0-9A-HJKMNP-TV-Z]{25})\.(.{1,256})$/s;

/** The place of the last row; its rows have no ids that sort by time. */
const placeCursor = z
  .string()
  .transform((cursor, issues): JobPlace => {
    const [, dueAt, runId, slot] = PLACE.exec(cursor) ?? [];
    if (dueAt !== undefined && runId !== undefined && slot !== undefined) return { dueAt: Number(dueAt), runId, slot };
    issues.addIssue({ code: "custom", message: "it is not what a page before said" });
    return z.NEVER;
  })
  .optional()
  .meta({ type: "string", description: "Where the page before ended: its `cursor`." });

const cursorOf = ({ dueAt, runId, slot }: JobPlace): string => `${dueAt}.${runId}.${slot}`;

export const WAITING_ROUTES = [
  route({
    method: "GET",
    path: "/v1/waits",
    operationId: "listWaits",
    summary: "Steps that sleep or wait, what goes on next first",
    description: "However many wait, a page costs what it shows; one with a filter looks for a limited time.",
    tag: "Runs",
    scope: "read",
    family: "v1",
    query: {
      limit: limit(WAITS_MAX),
      cursor: placeCursor,
      kind: z
        .enum(KIND_NAMES, "it is none of sleep, event, signal and run")
        .optional()
        .meta({ description: "Only these." }),
      function: text("A function's slug or id."),
      app: text("An app's name or id."),
    },
    replies: { 200: { description: "A page of them.", schema: z.array(WaitingStepRecord), isPage: true } },
    errors: ["not_found"],
    async handler({ query }, { store, engine }) {
      const filter = defined({
        kinds: query.kind === undefined ? undefined : [KINDS[query.kind]],
        functionIds: functionIdsOf(engine.apps, query.function, query.app),
        after: query.cursor,
      });
      const found = await store.listWaiting({ env: DEFAULT_ENV, limit: query.limit + 1, ...filter });
      const { rows, page } = pageOf(found, query.limit);
      return { data: rows.map((row) => waitingRecord(row, engine.apps)), page };
    },
  }),
];

function pageOf({ rows, next }: WaitingPage, limit: number): { rows: readonly WaitingStep[]; page: PageFacts } {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  if (rows.length > limit && last !== undefined)
    return { rows: kept, page: { limit, cursor: cursorOf(placeOf(last)) } };
  if (next === null) return { rows, page: { limit, cursor: null } };
  return { rows, page: { limit, cursor: cursorOf(next), stoppedAt: isoTime(next.dueAt) } };
}

function waitingRecord(row: WaitingStep, apps: Apps): JsonObject {
  const { runId, functionId, stepId, name, index, kind, queuedAt, dueAt, childRunId, names, expression } = row;
  return {
    run_id: runId,
    function_id: functionId,
    function_slug: apps.anyFunction(functionId)?.fn.slug ?? null,
    step: { id: stepId, name, index },
    kind: KIND_NAMES.find((one) => KINDS[one] === kind) ?? "sleep",
    since: isoTime(queuedAt),
    until: isoTime(dueAt),
    names: [...names],
    expression,
    child_run_id: childRunId,
  };
}
