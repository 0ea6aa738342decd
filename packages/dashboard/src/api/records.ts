/** What the server answers, as types: taken from the schemas of its route table, so there is no second list of fields. */
import type { z } from "zod";
import type { LogRecord } from "../../../stepwell/src/server/api/log-routes.ts";
import type { OperationRecord } from "../../../stepwell/src/server/api/operation-record.ts";
import type { PendingRecord } from "../../../stepwell/src/server/api/pending-routes.ts";
import type {
  AuditRecord,
  KeyRecord,
  NewKey as NewKeyRecord,
  NewToken as NewTokenRecord,
  TokenRecord,
  UserLink as UserLinkRecord,
  UserRecord,
} from "../../../stepwell/src/server/api/schemas-access.ts";
import type {
  FunctionQueueRecord,
  GateRecord,
  QueueRecord,
  ReasonRecord,
  RunExplanationRecord,
} from "../../../stepwell/src/server/api/schemas-explain.ts";
import type { FunctionStatsRecord, StatsRecord } from "../../../stepwell/src/server/api/schemas-stats.ts";
import type {
  AppRecord,
  DecisionRecord,
  EventRecord,
  FunctionRecord,
  RunRecord,
  StepRecord,
} from "../../../stepwell/src/server/api/schemas-v1.ts";
import type { LinkRecord, SessionRecord } from "../../../stepwell/src/server/api/session-routes.ts";
import type { RetentionRecord } from "../../../stepwell/src/server/api/settings-routes.ts";
import type { AppSyncRecord, SyncFailureRecord } from "../../../stepwell/src/server/api/sync-routes.ts";
import type { TickRecord } from "../../../stepwell/src/server/api/tick-routes.ts";
import type { RunV2, SpanV2 } from "../../../stepwell/src/server/api/v2/schemas-v2.ts";
import type { WaitingStepRecord } from "../../../stepwell/src/server/api/waiting-routes.ts";

export type WaitingStep = z.infer<typeof WaitingStepRecord>;
export type LogLine = z.infer<typeof LogRecord>;
export type Pending = z.infer<typeof PendingRecord>;
export type AppSync = z.infer<typeof AppSyncRecord>;
export type SyncFailure = z.infer<typeof SyncFailureRecord>;
export type Ticks = z.infer<typeof TickRecord>;
export type Stats = z.infer<typeof StatsRecord>;
export type FunctionStats = z.infer<typeof FunctionStatsRecord>;
export type Queue = z.infer<typeof QueueRecord>;
export type FunctionQueue = z.infer<typeof FunctionQueueRecord>;
export type Gate = z.infer<typeof GateRecord>;
/** Written out, for they contain each other. */
export interface Reason extends Omit<z.infer<typeof ReasonRecord>, "child"> {
  readonly child?: RunExplanation | undefined;
}
export interface RunExplanation extends Omit<z.infer<typeof RunExplanationRecord>, "reasons"> {
  readonly reasons: readonly Reason[];
}
export type App = z.infer<typeof AppRecord>;
export type Decision = z.infer<typeof DecisionRecord>;
export type EventRow = z.infer<typeof EventRecord>;
export type Fn = z.infer<typeof FunctionRecord>;
export type Operation = z.infer<typeof OperationRecord>;
/** One run, with its result. */
export type Run = z.infer<typeof RunRecord>;
/** A run in a list. */
export type RunRow = z.infer<typeof RunV2>;
/** A run or a step of a trace, with what is below it. */
export interface Span extends Omit<z.infer<typeof SpanV2>, "children"> {
  readonly children: readonly Span[];
}
export type Step = z.infer<typeof StepRecord>;

export type ApiKey = z.infer<typeof KeyRecord>;
export type AuditEntry = z.infer<typeof AuditRecord>;
export type NewKey = z.infer<typeof NewKeyRecord>;
export type NewToken = z.infer<typeof NewTokenRecord>;
export type PasswordLink = z.infer<typeof LinkRecord>;
export type Session = z.infer<typeof SessionRecord>;
export type Token = z.infer<typeof TokenRecord>;
export type User = z.infer<typeof UserRecord>;
export type UserLink = z.infer<typeof UserLinkRecord>;
export type Retention = z.infer<typeof RetentionRecord>;
export type Scope = User["scope"];

export type PauseMode = NonNullable<Fn["paused"]>;

/** A page of a list, whichever version of the API it is from. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Where the next one begins; null when this was the last. */
  readonly cursor: string | null;
}
