/** What sleeps and waits, read from a memory store: every job is looked at. */
import type { MemoryTables } from "./memory-tables.ts";
import { compareTexts, compareWaits, type JobRecord } from "./records.ts";
import { WAITING_JOBS, type WaitingFilter, type WaitingStep } from "./waiting.ts";

export function waitingSteps(tables: MemoryTables, filter: WaitingFilter): WaitingStep[] {
  const rows = [...tables.jobs.values()].flatMap((jobs) =>
    [...jobs.values()].flatMap((job) => (WAITING_JOBS.includes(job.kind) ? waitingStep(tables, job) : [])),
  );
  return rows
    .filter((row) => fits(tables, row, filter))
    .sort(compare)
    .slice(0, filter.limit);
}

function waitingStep(tables: MemoryTables, { runId, slot, dueAt }: JobRecord): WaitingStep[] {
  const run = tables.runs.get(runId);
  const step = tables.steps.get(runId)?.get(slot);
  if (run === undefined || step === undefined) return [];
  const waits = [...(tables.waits.get(runId)?.values() ?? [])].filter((wait) => wait.slot === slot).sort(compareWaits);
  const { name, index, kind, queuedAt, childRunId } = step;
  return [
    {
      runId,
      functionId: run.functionId,
      stepId: slot,
      name,
      index,
      kind,
      queuedAt,
      dueAt,
      childRunId,
      names: [...new Set(waits.map((wait) => wait.name))],
      expression: waits[0]?.expression ?? null,
    },
  ];
}

function fits(tables: MemoryTables, row: WaitingStep, { env, kinds, functionIds, after }: WaitingFilter): boolean {
  return (
    tables.runs.get(row.runId)?.env === env &&
    (kinds === undefined || kinds.includes(row.kind)) &&
    (functionIds === undefined || functionIds.includes(row.functionId)) &&
    (after === undefined || compare(row, { ...after, stepId: after.slot }) > 0)
  );
}

type Place = Pick<WaitingStep, "dueAt" | "runId" | "stepId">;

const compare = (left: Place, right: Place): number =>
  left.dueAt - right.dueAt || compareTexts(left.runId, right.runId) || compareTexts(left.stepId, right.stepId);
