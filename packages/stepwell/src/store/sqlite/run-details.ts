/** Several runs with what is below them, in one statement per table: a tree of runs has as many as somebody liked to invoke. */
import type { DatabaseSync } from "node:sqlite";
import type { Attempt } from "../../core/batch.ts";
import { compareSteps, type StepRecord, withDueTimes } from "../records.ts";
import type { RunDetails } from "../store.ts";
import {
  ATTEMPT_COLUMNS,
  attemptOfRow,
  RUN_ROW_COLUMNS,
  type RunRowColumns,
  runRowOfRow,
  STEP_COLUMNS,
  type StepColumns,
  stepOfRow,
} from "./rows.ts";
import { type Clause, clause, groupByRun, inSnapshot, isOneOf, select, withValues } from "./select.ts";
import { decodeText, encodeText } from "./text.ts";

/** Those that are there, in the order of the ids, each with its first steps. */
export function listRunDetails(db: DatabaseSync, env: string, ids: readonly string[], stepsMax: number): RunDetails[] {
  return inSnapshot(db, () => {
    // By their ids alone: an environment would lead the search through all of its runs.
    const found = select<RunRowColumns>(db, RUN_ROW_COLUMNS, "runs", [isOneOf("id", ids.map(encodeText))]);
    const rows = withValues(db, found, "error", "output").map(runRowOfRow);
    const runs = new Map(rows.filter((run) => run.env === env).map((run) => [run.id, run]));
    const ofRuns = isOneOf("run_id", [...runs.keys()].map(encodeText));
    const steps = groupByRun(firstSteps(db, ofRuns, stepsMax));
    const jobs = groupByRun(
      select<JobPlace>(db, "run_id AS runId, slot, due_at AS dueAt", "jobs", [ofRuns]).map((job) => {
        return { ...job, runId: decodeText(job.runId), slot: decodeText(job.slot) };
      }),
    );
    const newest = clause("ORDER BY number DESC");
    const attempts = groupByRun(select<Attempt>(db, ATTEMPT_COLUMNS, "attempts", [ofRuns], newest).map(attemptOfRow));
    return ids.flatMap((id): RunDetails[] => {
      const run = runs.get(id);
      if (run === undefined) return [];
      const ofRun = (steps.get(id) ?? []).sort(compareSteps);
      return [{ run, steps: withDueTimes(ofRun, jobs.get(id) ?? []), attempts: attempts.get(id) ?? [] }];
    });
  });
}

interface JobPlace {
  readonly runId: string;
  readonly slot: string;
  readonly dueAt: number;
}

type StepPlace = Pick<StepRecord, "runId" | "id" | "seq" | "queuedAt"> & { readonly number: number };

/** Of the others only the order is read. */
function firstSteps(db: DatabaseSync, ofRuns: Clause, stepsMax: number): StepRecord[] {
  const columns = "rowid AS number, run_id AS runId, id, seq, queued_at AS queuedAt";
  const places = select<StepPlace>(db, columns, "steps", [ofRuns]);
  const ofRun = groupByRun(places.map((place) => ({ ...place, id: decodeText(place.id) })));
  const wanted = [...ofRun.values()].flatMap((run) => run.sort(compareSteps).slice(0, stepsMax));
  const where = [
    isOneOf(
      "rowid",
      wanted.map((place) => place.number),
    ),
  ];
  return withValues(db, select<StepColumns>(db, STEP_COLUMNS, "steps", where), "memo", "options", "editedInput").map(
    stepOfRow,
  );
}
