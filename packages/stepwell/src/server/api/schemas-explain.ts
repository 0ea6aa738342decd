/** Explanations as schemas (docs/explain.md); explain-record.ts makes them. */
import { z } from "zod";
import { anyJson, id, uuid, when } from "./schemas.ts";

const runStatus = z.enum(["Scheduled", "Running", "Completed", "Failed", "Cancelled", "Skipped"]);
const paused = z.enum(["hold", "skip", "reject"]);

export const AppDownRecord = z
  .object({
    since: when,
    reason: z.string(),
    tries: z.number().int().meta({ description: "How often it could not be reached in a row." }),
    is_probing: z.boolean().meta({ description: "A call is out that will tell." }),
    next_probe_at: when,
  })
  .meta({ id: "AppDown", description: "An app that cannot be reached: one call at a time probes it." });

export const GateRecord = z
  .object({
    rule: z.string().meta({ description: "The limit in words." }),
    kind: z.enum(["concurrency", "run_concurrency", "throttle", "app", "pause", "other"]),
    scope: z.enum(["fn", "env", "account"]).optional(),
    limit: z.number().nullable(),
    holders: z.array(
      z.object({ run_id: id, slot: z.string().optional(), function_slug: z.string().optional(), since: when }),
    ),
    holder_count: z.number().int(),
    waiting_lanes: z.number().int(),
    down: AppDownRecord.optional(),
  })
  .meta({ id: "Limit", description: "A limit, with up to 20 of those who hold a place." });

const WaitRecord = z.object({
  names: z.array(z.string()),
  expression: z.string().optional(),
  key: z.string().optional().meta({ description: "By what events are looked up; absent: each is looked at." }),
  run_id: id.optional(),
});

export const ReasonRecord = z
  .object({
    code: z.string().meta({ description: "Stays the same; docs/explain.md lists them." }),
    sentence: z.string(),
    step: z.object({ id: z.string(), name: z.string(), kind: z.string() }).optional(),
    since: when.optional(),
    until: when.optional().meta({ description: "When it goes on by itself, as far as that can be known." }),
    attempt: z.number().int().optional(),
    error: anyJson.optional(),
    gate: GateRecord.optional(),
    lane: z
      .object({ jobs_before: z.number().int(), lanes_before: z.number().int(), expected_at: when.optional() })
      .optional(),
    wait: WaitRecord.optional(),
    get child() {
      return RunExplanationRecord.optional();
    },
    problems: z.array(z.string()).optional(),
    end_reason: z.string().optional(),
    pause: z.object({ target: z.enum(["function", "app"]), name: z.string(), mode: paused }).optional(),
  })
  .meta({ id: "Reason" });

export const RunExplanationRecord = z
  .object({
    run_id: id,
    function_id: uuid,
    function_slug: z.string().nullable(),
    status: runStatus,
    summary: z.string(),
    reasons: z.array(ReasonRecord),
    must_start_by: when.optional(),
    must_end_by: when.optional(),
  })
  .meta({ id: "RunExplanation" });

export const EventExplanationRecord = z
  .object({
    event_id: id,
    name: z.string(),
    received_at: when,
    summary: z.string(),
    outcomes: z.array(
      z.object({
        code: z.string(),
        sentence: z.string(),
        function_id: uuid,
        function_slug: z.string().nullable(),
        at: when.optional(),
        run_id: id.optional(),
        run_status: runStatus.optional(),
      }),
    ),
    closest_names: z.array(z.string()),
    is_waited_for: z.boolean(),
  })
  .meta({ id: "EventExplanation" });

const LaneRecord = z
  .object({
    key: z.string(),
    phase: z.enum(["start", "call"]),
    jobs: z.number().int(),
    next_run_id: id,
    waiting_since: when,
    gate: GateRecord.optional(),
    expected_at: when.optional(),
  })
  .meta({ id: "Lane", description: "Jobs of a function that share all their limits." });

export const FunctionQueueRecord = z
  .object({
    function_id: uuid,
    function_slug: z.string(),
    summary: z.string(),
    paused: paused.nullable(),
    waiting_starts: z.number().int(),
    waiting_calls: z.number().int(),
    queued_runs: z.number().int().meta({ description: "All that wait for their first call, gathering ones included." }),
    backlog: z.object({ limit: z.number().int(), policy: z.string() }).optional(),
    gathering: z
      .array(z.object({ run_id: id, rule: z.string(), event_count: z.number().int(), starts_at: when }))
      .optional()
      .meta({ description: "The newest 20 debounces or batches that gather events." }),
    lane_count: z.number().int(),
    lanes: z.array(LaneRecord),
    gates: z.array(GateRecord),
    next_start_at: when.optional(),
  })
  .meta({ id: "FunctionQueue" });

export const QueueRecord = z
  .object({
    calls: z.number().int(),
    calls_max: z.number().int(),
    functions: z.array(
      z.object({
        function_id: uuid,
        function_slug: z.string().nullable(),
        paused: paused.nullable(),
        waiting_starts: z.number().int(),
        waiting_calls: z.number().int(),
        lanes: z.number().int(),
        blocked_lanes: z.number().int(),
      }),
    ),
    function_count: z.number().int(),
    lanes: z.array(LaneRecord.extend({ function_id: uuid, function_slug: z.string() }).meta({ id: "FunctionLane" })),
    jobs: z
      .array(
        z.object({
          kind: z.string(),
          count: z.number().int(),
          due: z.number().int(),
          is_more: z.boolean().meta({ description: "True: they are still being counted." }),
        }),
      )
      .meta({ description: "Stored jobs by kind. Of millions, the counts are some questions old." }),
    waited_names: z.number().int(),
  })
  .meta({ id: "Queue" });
