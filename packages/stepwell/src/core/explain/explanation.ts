/**
 * Explanations as data: a stable code for programs, a sentence for people, and the facts that the sentence tells.
 * Absent fields do not apply.
 */
import type { ErrorValue } from "../../protocol/error-value.ts";
import type { FlowScope } from "../../protocol/flow.ts";
import type { PauseMode } from "../batch.ts";
import type { Instant } from "../instant.ts";
import type { EndReason, RunStatus, StepKind } from "../run/run.ts";

/** Why a run is where it is, for programs. */
export type ReasonCode =
  // The run as a whole.
  | "ended"
  | "quarantined"
  | "stuck"
  | "paused"
  | "function_removed"
  // It waits for its turn.
  | "scheduled"
  | "gathering"
  | "throttled"
  | "concurrency"
  | "run_concurrency"
  | "app_busy"
  | "app_unreachable"
  | "server_busy"
  | "queued"
  | "backlog"
  | "held"
  | "due"
  // Something is under way.
  | "executing"
  | "requesting"
  | "leased"
  // It waits for something else.
  | "retrying"
  | "sleeping"
  | "waiting_for_event"
  | "waiting_for_signal"
  | "waiting_for_run";

/** One reason why the run is where it is: one for the run, or one for each thing that it has open. */
export interface Reason {
  readonly code: ReasonCode;
  /** For people. */
  readonly sentence: string;
  /** The open step; absent: the run itself. */
  readonly step?: StepFacts;
  /** Since when it is so. */
  readonly since?: Instant;
  /** When it goes on by itself, as far as that can be known. */
  readonly until?: Instant;
  /** Which attempt it is, from 1. */
  readonly attempt?: number;
  /** The error of the attempt before, or that ended the run. */
  readonly error?: ErrorValue;
  /** The limit at which it waits. */
  readonly gate?: GateFacts;
  /** Its place among those that wait. */
  readonly lane?: LanePlace;
  /** What it waits for. */
  readonly wait?: WaitFacts;
  /** The run that the step invoked. */
  readonly child?: RunExplanation;
  /** What is wrong with a run in quarantine. */
  readonly problems?: readonly string[];
  /** How the run ended. */
  readonly endReason?: EndReason;
  /** Who is paused. */
  readonly pause?: PauseFacts;
}

export interface StepFacts {
  /** Hashed. */
  readonly id: string;
  readonly name: string;
  readonly kind: StepKind;
}

export interface PauseFacts {
  readonly target: "function" | "app";
  readonly name: string;
  readonly mode: PauseMode;
}

/** A limit, in words and in numbers. */
export interface GateFacts {
  /** "concurrency 5 per event.data.user_id = 42, of this function" */
  readonly rule: string;
  readonly kind: "concurrency" | "run_concurrency" | "throttle" | "app" | "pause" | "other";
  readonly scope?: FlowScope;
  /** Null where it has no number. */
  readonly limit: number | null;
  /** Some of those that have a place. */
  readonly holders: readonly HolderFacts[];
  readonly holderCount: number;
  /** Lanes of work that wait at it. */
  readonly waitingLanes: number;
  /** Of an app that cannot be reached. */
  readonly down?: AppDownFacts;
}

export interface AppDownFacts {
  readonly since: Instant;
  readonly reason: string;
  /** How often it could not be reached in a row. */
  readonly tries: number;
  /** A probe is out. */
  readonly isProbing: boolean;
  /** When the next probe may be made; while one is out, when it counts as having reached the app. */
  readonly nextProbeAt: Instant;
}

/** Who has a place: a call of a run, or a whole run. */
export interface HolderFacts {
  readonly runId: string;
  /** The slot of the call; absent when the run itself has the place. */
  readonly slot?: string;
  readonly function?: string;
  readonly since: Instant;
}

export interface LanePlace {
  /** Jobs of the same lane that go first. */
  readonly jobsBefore: number;
  /** Lanes that wait at the same limit and go first. */
  readonly lanesBefore: number;
  readonly expectedAt?: Instant;
}

export interface WaitFacts {
  readonly names: readonly string[];
  readonly expression?: string;
  /** The index key by which events are looked up, "data.id = 7"; absent: every event of the names is looked at. */
  readonly key?: string;
  /** For a child. */
  readonly runId?: string;
}

/** Why a run does not go on, or what it does. Times are Unix milliseconds. */
export interface RunExplanation {
  readonly runId: string;
  readonly functionId: string;
  /** Its slug; null when it is not known any more. */
  readonly function: string | null;
  readonly status: RunStatus;
  /** The first reason, or how many there are. */
  readonly summary: string;
  readonly reasons: readonly Reason[];
  /** Limits on the run's time. */
  readonly mustStartBy?: Instant;
  readonly mustEndBy?: Instant;
}

/** Of lists in explanations only the head is told, with the count of all. */
export const EXPLAINED_MAX = 20;

/** A run that waits for a run that waits for a run …: told so deep. */
export const EXPLAINED_DEPTH_MAX = 5;
