/**
 * What explanations read: the core's memory, as it is between two commands, and what was loaded beside it. Nothing here
 * changes anything.
 *
 *   EX1. A run in memory is the truth; one that is not is loaded, and what was loaded may be older by one commit.
 *   EX2. An explanation names what it lacks instead of waiting for it; its owner loads that and asks again.
 */
import type { Apps } from "../apps.ts";
import type { Attempt } from "../batch.ts";
import type { Admission } from "../flow/admission.ts";
import type { Instant } from "../instant.ts";
import type { TriggerIndex } from "../match/triggers.ts";
import type { WaitNames } from "../match/wait-names.ts";
import type { Run } from "../run/run.ts";
import type { ReadyQueue } from "../schedule/ready-queue.ts";
import type { RunExplanation } from "./explanation.ts";

export interface ExplainView {
  readonly apps: Apps;
  readonly triggers: TriggerIndex;
  readonly admission: Admission;
  readonly ready: ReadyQueue;
  readonly waitNames: WaitNames;
  readonly options: {
    readonly callsMax: number;
    readonly callsPerAppMax: number;
    readonly quarantined: ReadonlySet<string>;
  };
  /** Calls that are out, to all apps. */
  readonly calls: number;
  runOf(runId: string): Run | undefined;
  /** How many runs of a function wait for their first call. */
  queuedOf(functionId: string): number;
  /** It has more keys than memory holds: some of its work is in the store alone. */
  hasLeftLanes(functionId: string): boolean;
  /** The run's turn has come, and it is being loaded for it. */
  isLoading(runId: string): boolean;
}

/** What was loaded: runs that are not in memory (null: there is none), and failed attempts, the latest first. */
export interface ExplainFacts {
  readonly runs: Map<string, Run | null>;
  readonly attempts: Map<string, readonly Attempt[]>;
}

/** What an explanation lacks (EX2). */
export interface ExplainNeeds {
  readonly runs: Set<string>;
  readonly attempts: Set<string>;
}

/** What explaining one run works with. */
export interface Explaining {
  readonly view: ExplainView;
  readonly facts: ExplainFacts;
  readonly needs: ExplainNeeds;
  readonly now: Instant;
  /** Explains a run that this one waits for; null when there is none, or when it would lead too deep. */
  child(runId: string): RunExplanation | null;
}

/** The run in memory or as it was loaded; undefined when it has to be loaded first, null when there is none. */
export function findRun(
  view: ExplainView,
  facts: ExplainFacts,
  needs: ExplainNeeds,
  runId: string,
): Run | null | undefined {
  const run = view.runOf(runId) ?? facts.runs.get(runId); // EX1
  if (run === undefined) needs.runs.add(runId);
  return run;
}
