/** The list of what sleeps and waits: steps that go on by themselves at a time, if nothing comes before. */
import type { Instant } from "../core/instant.ts";
import type { JobKind, StepKind } from "../core/run/run.ts";
import type { JobPlace } from "../core/schedule/hint.ts";

export interface WaitingFilter {
  readonly env: string;
  /** Only steps of these kinds. */
  readonly kinds?: readonly StepKind[];
  readonly functionIds?: readonly string[];
  /** Only steps behind this place; absent: from the first. */
  readonly after?: JobPlace;
  readonly limit: number;
}

export interface WaitingStep {
  readonly runId: string;
  readonly functionId: string;
  /** Hashed. */
  readonly stepId: string;
  readonly name: string;
  readonly index: number;
  readonly kind: StepKind;
  /** Since when. */
  readonly queuedAt: Instant;
  /** When the sleep, or the patience, is over. */
  readonly dueAt: Instant;
  readonly childRunId: string | null;
  /** The events, or the signal; each once. */
  readonly names: readonly string[];
  readonly expression: string | null;
}

/** In the order of `JobPlace`: what goes on next comes first. */
export interface WaitingPage {
  readonly rows: readonly WaitingStep[];
  /** Null, unless time was over before the limit: what is behind this place has not been looked at. */
  readonly next: JobPlace | null;
}

/** Jobs of steps that sleep, and of steps that wait. */
export const WAITING_JOBS: readonly JobKind[] = ["sleep", "timeout"];

export const placeOf = ({ dueAt, runId, stepId }: WaitingStep): JobPlace => ({ dueAt, runId, slot: stepId });
