/** How operations look to clients, and how a client's filter is read. */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import type { RunStatus } from "../../core/run/run.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { OperationFilter } from "../operations/filter.ts";
import type { Operation } from "../operations/operation.ts";
import { runStatusName, runStatusOf, timeOrNull } from "../run-record.ts";
import { id, when } from "./schemas.ts";

const STATUS_NAMES = { running: "Running", completed: "Completed", cancelled: "Cancelled" } as const;

/** A time in a body: RFC 3339, or Unix milliseconds. */
export const instant = z
  .union([z.string(), z.number()], { error: "must be a time like 2026-01-31T12:00:00Z" })
  .transform((value, issues) => {
    const at = typeof value === "number" ? value : /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN;
    if (!Number.isInteger(at)) issues.addIssue({ code: "custom", message: "must be a time like 2026-01-31T12:00:00Z" });
    return at;
  })
  .meta({ description: "RFC 3339, or Unix milliseconds." });

/** One name, or several. */
const names = z
  .union([z.string(), z.array(z.string()).max(LIMITS.operationFunctionsMax)], {
    error: `must be a name, or a list of at most ${LIMITS.operationFunctionsMax} names`,
  })
  .transform((value): readonly string[] => (typeof value === "string" ? [value] : value));

const statuses = names.transform((list, issues) =>
  list.map((name): RunStatus => {
    const status = runStatusOf(name);
    if (status !== null) return status;
    issues.addIssue({ code: "custom", message: `${JSON.stringify(name.slice(0, 32))} is no status of a run` });
    return z.NEVER;
  }),
);

const SEARCHED = "Part of an id, a name, the event, the output or the error, whatever its case.";

/** Strict: a filter that lost a condition to a slip would be about more runs than it was meant to. */
export const filterBody = z
  .strictObject(
    {
      status: statuses.nullish(),
      function: names.nullish().meta({ description: "Slugs or ids." }),
      app: z.string().nullish().meta({ description: "An app's name or id." }),
      from: instant.nullish(),
      until: instant.nullish(),
      if: z
        .string()
        .nullish()
        .meta({ description: "An expression over a run's first event and its output: `event.data.n > 3`." }),
      text: z.string().min(1, "must not be empty").nullish().meta({ description: SEARCHED }),
    },
    { error: (issue) => (issue.code === "unrecognized_keys" ? `has no ${issue.keys.join()}` : undefined) },
  )
  .meta({ description: "Which runs: all of what is given must hold; something must be." });

export function filterOf(body: z.output<typeof filterBody>): OperationFilter {
  return {
    statuses: body.status ?? null,
    functions: body.function ?? null,
    app: body.app ?? null,
    from: body.from ?? null,
    until: body.until ?? null,
    expression: body.if ?? null,
    text: body.text ?? null,
  };
}

export const OperationRecord = z
  .object({
    id,
    kind: z.enum(["cancel", "replay", "resume"]),
    status: z.enum(["Running", "Completed", "Cancelled"]),
    created_at: when,
    ended_at: when.nullable(),
    filter: z.object({
      status: z.array(z.string()).nullable(),
      function: z.array(z.string()).nullable(),
      app: z.string().nullable(),
      from: when.nullable(),
      until: when.nullable(),
      if: z.string().nullable(),
      text: z.string().nullable(),
    }),
    per_second: z.number().nullable(),
    progress: z.object({
      total: z.number().int().nullable().meta({ description: "Null until the runs have been counted." }),
      is_total_more: z.boolean().meta({ description: "True: there may be more, counting ended at its limit." }),
      done: z.number().int(),
      failed: z.number().int().meta({ description: "Runs for which it could not be done." }),
      skipped: z.number().int().meta({ description: "Runs for which there was nothing to do any more." }),
      last_error: z.string().nullable(),
    }),
  })
  .meta({ id: "Operation", description: "Work on many runs, in the background." });

export function operationRecord(operation: Operation): JsonObject {
  const { filter, progress } = operation;
  return {
    id: operation.id,
    kind: operation.kind,
    status: STATUS_NAMES[operation.status],
    created_at: isoTime(operation.createdAt),
    ended_at: timeOrNull(operation.endedAt),
    filter: {
      status: filter.statuses?.map(runStatusName) ?? null,
      function: filter.functions,
      app: filter.app,
      from: timeOrNull(filter.from),
      until: timeOrNull(filter.until),
      if: filter.expression,
      text: filter.text,
    },
    per_second: operation.perSecond,
    progress: {
      total: progress.total,
      is_total_more: progress.isTotalMore,
      done: progress.done,
      failed: progress.failed,
      skipped: progress.skipped,
      last_error: progress.lastError,
    },
  };
}
