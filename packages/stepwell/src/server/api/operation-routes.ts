/** `/v1/operations`: cancelling, replaying and resuming all runs of a filter, in the background. */
import { z } from "zod";
import { isUlid } from "../../protocol/ids.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { cutPage } from "./answer.ts";
import { notFound } from "./find.ts";
import { filterBody, filterOf, OperationRecord, operationRecord } from "./operation-record.ts";
import { cursor, limit, operationId } from "./params.ts";
import { route } from "./route.ts";

const OPERATIONS_MAX = 100;

const Preview = z
  .object({
    count: z.number().int(),
    is_more: z.boolean().meta({ description: "True: there may be more, counting ended at its limit." }),
  })
  .meta({ id: "OperationPreview" });

export const OPERATION_ROUTES = [
  route({
    method: "POST",
    path: "/v1/operations",
    operationId: "startOperation",
    summary: "Cancel, replay or resume all runs of a filter",
    description:
      "Only open runs are cancelled, ended ones replayed, failed ones resumed, and only those that exist when it begins. " +
      "It goes on in the background, after a restart too.",
    tag: "Operations",
    scope: "operate",
    hasDryRun: true,
    family: "v1",
    body: z.object({
      kind: z.enum(["cancel", "replay", "resume"], "must be cancel, replay or resume"),
      filter: filterBody,
      dry_run: z.boolean().nullish().meta({ description: "Only say how many runs there are." }),
      per_second: z
        .number()
        .gt(0, "must be greater than 0")
        .max(LIMITS.operationRateMax, `must be at most ${LIMITS.operationRateMax}`)
        .nullish()
        .meta({ description: "How many runs a second at most; absent: as many as possible." }),
    }),
    replies: {
      200: { description: "How many runs it would be about.", schema: Preview },
      202: { description: "It is under way.", schema: OperationRecord },
    },
    errors: ["not_found", "expression_invalid", "too_many_operations"],
    async handler({ body }, { operations }) {
      const { kind, per_second: perSecond = null } = body;
      const filter = filterOf(body.filter);
      if (body.dry_run === true) {
        const { count, isMore } = await operations.preview({ kind, filter });
        return { data: { count, is_more: isMore } };
      }
      return { status: 202, data: operationRecord(await operations.start({ kind, filter, perSecond })) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/operations",
    operationId: "listOperations",
    summary: "Operations, newest first",
    tag: "Operations",
    scope: "read",
    family: "v1",
    query: { limit: limit(OPERATIONS_MAX), cursor },
    replies: { 200: { description: "A page of operations.", schema: z.array(OperationRecord), isPage: true } },
    async handler({ query }, { operations }) {
      const { rows, page } = cutPage(await operations.list(query.limit + 1, query.cursor), query.limit);
      return { data: rows.map(operationRecord), page };
    },
  }),
  route({
    method: "GET",
    path: "/v1/operations/:id",
    operationId: "getOperation",
    summary: "One operation, and how far it is",
    tag: "Operations",
    scope: "read",
    family: "v1",
    params: { id: operationId },
    replies: { 200: { description: "The operation.", schema: OperationRecord } },
    errors: ["not_found"],
    async handler({ path }, { operations }) {
      const operation = isUlid(path.id) ? await operations.get(path.id) : null;
      if (operation === null) throw notFound("Operation", path.id);
      return { data: operationRecord(operation) };
    },
  }),
  route({
    method: "DELETE",
    path: "/v1/operations/:id",
    operationId: "cancelOperation",
    summary: "Stop an operation",
    description: "What it has done stays done.",
    tag: "Operations",
    scope: "operate",
    family: "v1",
    params: { id: operationId },
    replies: { 200: { description: "As it ended.", schema: OperationRecord } },
    errors: ["not_found", "operation_ended"],
    async handler({ path }, { operations }) {
      if (!isUlid(path.id)) throw notFound("Operation", path.id);
      return { data: operationRecord(await operations.cancel(path.id)) };
    },
  }),
];
