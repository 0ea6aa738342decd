/** What the server answers, as types: taken from the schemas of its route table, so there is no second list of fields. */
import type { z } from "zod";
import type { OperationRecord } from "../../../stepwell/src/server/api/operation-record.ts";
import type {
  AppRecord,
  AttemptRecord,
  DecisionRecord,
  EventRecord,
  FunctionRecord,
  RunRecord,
  StepRecord,
} from "../../../stepwell/src/server/api/schemas-v1.ts";
import type { RunV2, SpanV2 } from "../../../stepwell/src/server/api/v2/schemas-v2.ts";

export type App = z.infer<typeof AppRecord>;
export type Attempt = z.infer<typeof AttemptRecord>;
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

export type PauseMode = NonNullable<Fn["paused"]>;

/** A page of a list, whichever version of the API it is from. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Where the next one begins; null when this was the last. */
  readonly cursor: string | null;
}
