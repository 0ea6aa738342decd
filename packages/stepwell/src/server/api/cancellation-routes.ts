/**
 * `/v1/cancellations`: the wire's form of cancelling the runs of one function. Behind each stands an operation
 * (operation-routes.ts); operations that this form cannot tell are not shown here.
 */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import { isStepwellError, StepwellError } from "../../protocol/errors.ts";
import { isUlid } from "../../protocol/ids.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { Operation } from "../operations/operation.ts";
import type { Operations } from "../operations/operations.ts";
import { ENVIRONMENT_ID, timeOrNull } from "../run-record.ts";
import { cutPage } from "./answer.ts";
import type { ApiContext } from "./api-engine.ts";
import { notFound } from "./find.ts";
import { instant } from "./operation-record.ts";
import { cursor, limit, operationId } from "./params.ts";
import { route } from "./route.ts";
import { id, uuid, when } from "./schemas.ts";

const CANCELLATIONS_MAX = 100;

const CancellationRecord = z
  .object({
    id,
    name: z.null(),
    created_at: when,
    environment_id: uuid,
    function_internal_id: uuid,
    function_id: z.string().meta({ description: "The function's slug." }),
    started_after: when.nullable(),
    started_before: when,
    if: z.string().optional(),
    status: z.enum(["running", "completed"]).meta({ description: "Ours." }),
    cancelled: z.number().int().meta({ description: "How many runs it has cancelled. Ours." }),
  })
  .meta({ id: "Cancellation" });

export const CANCELLATION_ROUTES = [
  route({
    method: "POST",
    path: "/v1/cancellations",
    operationId: "createCancellation",
    summary: "Cancel the open runs of a function",
    tag: "Operations",
    scope: "operate",
    family: "v1",
    body: z.object({
      app_id: z.string().min(1, "must not be empty"),
      function_id: z.string().min(1, "must not be empty"),
      started_after: instant.nullish(),
      started_before: instant,
      if: z.string().nullish().meta({ description: "An expression over a run's first event." }),
    }),
    replies: { 200: { description: "It is under way.", schema: CancellationRecord } },
    errors: ["not_found", "expression_invalid", "too_many_operations"],
    async handler({ body }, context) {
      const { app_id: app, function_id: fn, started_after: from = null, started_before: until } = body;
      if (until > Date.now()) throw new StepwellError("body_invalid", { reason: "started_before must be in the past" });
      const filter = { statuses: null, functions: [fn], app, from, until, expression: body.if || null, text: null };
      const operation = await context.operations.start({ kind: "cancel", filter, perSecond: null });
      return { data: cancellationRecord(operation, context) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/cancellations",
    operationId: "listCancellations",
    summary: "Cancellations, newest first",
    tag: "Operations",
    scope: "read",
    family: "v1",
    query: { limit: limit(CANCELLATIONS_MAX), cursor },
    replies: { 200: { description: "A page of cancellations.", schema: z.array(CancellationRecord), isPage: true } },
    async handler({ query }, context) {
      const { rows, page } = cutPage(await listed(context.operations, query.limit + 1, query.cursor), query.limit);
      return { data: rows.map((row) => cancellationRecord(row, context)), page };
    },
  }),
  route({
    method: "GET",
    path: "/v1/cancellations/:id",
    operationId: "getCancellation",
    summary: "One cancellation",
    tag: "Operations",
    scope: "read",
    family: "v1",
    params: { id: operationId },
    replies: { 200: { description: "The cancellation.", schema: CancellationRecord } },
    errors: ["not_found"],
    async handler({ path }, context) {
      return { data: cancellationRecord(await cancellationOf(path.id, context), context) };
    },
  }),
  route({
    method: "DELETE",
    path: "/v1/cancellations/:id",
    operationId: "deleteCancellation",
    summary: "Stop a cancellation",
    tag: "Operations",
    scope: "operate",
    family: "v1",
    params: { id: operationId },
    replies: { 200: { description: "It cancels nothing more.", schema: z.object({ ok: z.literal(true) }) } },
    errors: ["not_found"],
    async handler({ path }, context) {
      const { id: found } = await cancellationOf(path.id, context);
      await context.operations.cancel(found).catch((error: unknown) => {
        if (!isStepwellError(error) || error.code !== "operation_ended") throw error;
      });
      return { data: { ok: true } };
    },
  }),
];

/** One that was stopped is deleted, as far as this form knows. */
function isCancellation({ kind, status, choice }: Operation): boolean {
  return kind === "cancel" && status !== "cancelled" && choice.functionIds?.length === 1 && choice.until !== null;
}

async function cancellationOf(id: string, { operations }: ApiContext): Promise<Operation> {
  const operation = isUlid(id) ? await operations.get(id) : null;
  if (operation === null || !isCancellation(operation)) throw notFound("Cancellation", id);
  return operation;
}

async function listed(operations: Operations, count: number, before: string | undefined): Promise<Operation[]> {
  const found: Operation[] = [];
  for (let from = before; ; ) {
    const rows = await operations.list(CANCELLATIONS_MAX, from);
    found.push(...rows.filter(isCancellation));
    from = rows.at(-1)?.id;
    if (found.length >= count || rows.length < CANCELLATIONS_MAX) return found.slice(0, count);
  }
}

function cancellationRecord(operation: Operation, { engine }: ApiContext): JsonObject {
  const { choice, filter } = operation;
  const functionId = choice.functionIds![0]!;
  return {
    id: operation.id,
    name: null,
    created_at: isoTime(operation.createdAt),
    environment_id: ENVIRONMENT_ID,
    function_internal_id: functionId,
    function_id: engine.apps.anyFunction(functionId)?.fn.slug ?? filter.functions?.[0] ?? functionId,
    started_after: timeOrNull(choice.from),
    started_before: isoTime(choice.until!),
    ...(choice.expression === null ? {} : { if: choice.expression }),
    status: operation.status,
    cancelled: operation.progress.done,
  };
}
