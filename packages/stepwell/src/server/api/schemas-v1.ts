/** The records of /v0 and /v1 as schemas; run-record.ts makes them. */
import { z } from "zod";
import { anyJson, anyObject, id, uuid, when } from "./schemas.ts";
import { AppDownRecord } from "./schemas-explain.ts";

export const EventRecord = z
  .object({
    internal_id: id,
    account_id: uuid,
    environment_id: uuid,
    source: z.string(),
    source_id: z.string().nullable(),
    received_at: when,
    id: z.string().meta({ description: "The producer's, or the internal one." }),
    name: z.string(),
    data: anyJson,
    user: anyJson,
    ts: z.number().int(),
    v: z.string().optional(),
  })
  .meta({ id: "Event" });

export const RunRecord = z
  .object({
    run_id: id,
    run_started_at: when,
    function_id: uuid,
    function_version: z.number().int(),
    environment_id: uuid,
    event_id: id.nullable(),
    event_ids: z.array(id).meta({ description: "All events of a batch. Ours." }),
    original_run_id: id.optional().meta({ description: "The run that this one repeats." }),
    cron: z.string().optional(),
    status: z.enum(["Scheduled", "Running", "Completed", "Failed", "Cancelled", "Skipped"]),
    ended_at: when.nullable(),
    output: anyJson.optional().meta({ description: "The result, or the error when it failed." }),
    reason: z.string().optional().meta({ description: "Why it ended as it did. Ours." }),
    reason_text: z
      .string()
      .optional()
      .meta({ description: "The same in words, of runs that were cancelled or skipped. Ours." }),
    parent_run_id: id.optional().meta({ description: "The run whose step invoked this one. Ours." }),
    code_change: z
      .object({ at: when, steps: z.array(z.string()), reason: z.string() })
      .optional()
      .meta({ description: "The code no longer fits the stored steps. Ours." }),
    resumes: z.number().int().optional().meta({ description: "How often it was resumed after it had failed. Ours." }),
    event_attempt: z.number().int().optional().meta({ description: "Which attempt of its events it is. Ours." }),
    retried_by: id.optional().meta({ description: "The run that tries those of its events again that failed. Ours." }),
    function_slug: z.string().nullable(),
    function_name: z.string().nullable(),
    app: z.string().nullable(),
    queued_at: when,
    trace_id: z.string().meta({ description: "Of its trace, where the server sends traces to a collector. Ours." }),
  })
  .meta({ id: "Run" });

export const AttemptRecord = z
  .object({
    attempt: z.number().int(),
    started_at: when,
    ended_at: when,
    http_status: z.number().int().nullable(),
    error: anyJson,
  })
  .meta({ id: "Attempt" });

export const StepRecord = z
  .object({
    id: z.string().meta({ description: "The hashed id." }),
    name: z.string(),
    index: z.number().int(),
    kind: z.enum(["run", "sleep", "wait", "signal", "invoke", "fetch", "ai"]),
    status: z.enum(["Planned", "Retrying", "Sleeping", "Waiting", "Completed", "Failed", "TimedOut"]),
    attempts: z.number().int(),
    queued_at: when,
    started_at: when.nullable(),
    ended_at: when.nullable(),
    due_at: when.nullable(),
    options: anyJson.optional(),
    child_run_id: id.optional().meta({ description: "The run that this step invoked." }),
    output: anyJson.optional(),
    error: anyJson.optional(),
    failed_attempts: z.array(AttemptRecord),
  })
  .meta({ id: "Step" });

export const DecisionRecord = z
  .object({
    function_id: uuid,
    function_slug: z.string().nullable(),
    outcome: z.enum([
      "started",
      "deduplicated",
      "filtered",
      "skipped",
      "rejected",
      "rate_limited",
      "debounced",
      "batched",
    ]),
    reason: z.string(),
    run_id: id.nullable(),
    at: when,
  })
  .meta({ id: "Decision" });

export const FunctionRecord = z
  .object({
    id: uuid,
    slug: z.string(),
    name: z.string(),
    app: z.string(),
    app_id: uuid,
    url: z.string(),
    retries: z.number().int(),
    version: z.number().int(),
    triggers: z.array(
      z.union([
        z.object({ event: z.string(), expression: z.string().optional() }),
        z.object({ cron: z.string(), jitter_ms: z.number(), misfire: z.string(), overlap: z.string() }),
      ]),
    ),
    paused: z.enum(["hold", "skip", "reject"]).nullable().meta({ description: "Itself or with its app. Ours." }),
    config: anyObject.meta({ description: "As the app registered it." }),
  })
  .meta({ id: "Function" });

export const AppRecord = z
  .object({
    id: uuid,
    name: z.string(),
    url: z.string(),
    sdk: z.string(),
    framework: z.string(),
    version: z.string().nullable(),
    function_count: z.number().int(),
    paused: z.enum(["hold", "skip", "reject"]).nullable(),
    synced_at: when.nullable(),
    down: AppDownRecord.nullable().meta({ description: "Since when it cannot be reached; null: it answers. Ours." }),
  })
  .meta({ id: "App" });
