/** The records of /v2 as schemas: camelCase, every field there, 64-bit numbers as texts. */
import { z } from "zod";
import { anyJson, bigNumber, id, uuid, when } from "../schemas.ts";

const paused = z.enum(["hold", "skip", "reject"]).nullable().meta({ description: "Ours." });

const RunStatusV2 = z.enum(["QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "SKIPPED"]);

export const RunV2 = z
  .object({
    id,
    function: z.object({ id: z.string(), name: z.string() }),
    app: z.object({ id: z.string() }),
    status: RunStatusV2,
    queuedAt: when,
    startedAt: when.nullable(),
    endedAt: when.nullable(),
    durationMs: bigNumber.nullable(),
    trigger: z.object({
      eventIds: z.array(id),
      isBatch: z.boolean(),
      batchId: z.string().nullable(),
      cronSchedule: z.string().nullable(),
    }),
    originalRunId: id.nullable().meta({ description: "The run that this one repeats. Ours." }),
    parentRunId: id.nullable().meta({ description: "The run whose step invoked this one. Ours." }),
    reason: z.string().nullable().meta({ description: "Why it ended as it did. Ours." }),
    output: anyJson.optional().meta({ description: "With `includeOutput`: the result, or the error when it failed." }),
  })
  .meta({ id: "RunV2" });

const AttemptV2 = z
  .object({
    attempt: z.number().int(),
    startedAt: when,
    endedAt: when,
    durationMs: bigNumber,
    httpStatus: z.number().int().nullable(),
    error: anyJson,
  })
  .meta({ id: "AttemptV2", description: "An attempt that failed." });

const KINDS = ["RUN", "STEP", "SLEEP", "WAIT_FOR_EVENT", "WAIT_FOR_SIGNAL", "INVOKE", "FETCH", "AI"] as const;
const STATUSES = [...RunStatusV2.options, "SLEEPING", "WAITING", "INVOKING", "ERRORED", "TIMED_OUT"] as const;

export type SpanKind = (typeof KINDS)[number];
export type SpanStatus = (typeof STATUSES)[number];

export const SpanV2 = z
  .object({
    name: z.string(),
    kind: z.enum(KINDS),
    status: z.enum(STATUSES),
    runId: id,
    stepId: z.string().nullable().meta({ description: "The hashed id; null for a run." }),
    attempts: z.number().int().meta({ description: "Failed attempts so far." }),
    failedAttempts: z.array(AttemptV2),
    queuedAt: when,
    startedAt: when.nullable(),
    endedAt: when.nullable(),
    durationMs: bigNumber.nullable(),
    output: anyJson.optional().meta({ description: "With `includeOutput`." }),
    error: anyJson.nullable(),
    childRunId: id.nullable(),
    isTruncated: z.boolean().meta({ description: "There are more children than the answer may hold." }),
    get children() {
      return z.array(SpanV2);
    },
  })
  .meta({ id: "SpanV2" });

export const AppV2 = z
  .object({
    id: z.string(),
    uuid,
    url: z.string(),
    sdk: z.string(),
    framework: z.string(),
    version: z.string().nullable(),
    functionCount: z.number().int(),
    syncedAt: when.nullable(),
    paused,
  })
  .meta({ id: "AppV2" });

export const FunctionV2 = z
  .object({
    id: z.string().meta({ description: "The slug." }),
    uuid,
    name: z.string(),
    app: z.object({ id: z.string() }),
    url: z.string(),
    retries: z.number().int(),
    version: z.number().int(),
    paused,
    triggers: z.array(
      z.object({ event: z.string().nullable(), expression: z.string().nullable(), cron: z.string().nullable() }),
    ),
  })
  .meta({ id: "FunctionV2" });

export const InvokedV2 = z
  .object({
    runId: id,
    queuedAt: when,
    startedAt: when.nullable(),
    completedAt: when.nullable(),
    result: anyJson.nullable(),
    error: anyJson.nullable(),
  })
  .meta({ id: "InvokedV2" });
