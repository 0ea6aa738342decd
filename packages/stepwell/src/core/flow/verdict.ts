/** What a function's flow control makes of one event: the verdict of starting.ts, which intake.ts carries out. */
import type { ErrorCode, ErrorDetails } from "../../protocol/errors.ts";
import type { RunFlow } from "../../protocol/flow.ts";
import type { DecisionOutcome } from "../batch.ts";

export type Verdict =
  /** A run starts; `flow` is what its limits go by beside the keys of concurrency. */
  | ({ readonly kind: "start" } & StartTerms)
  /** The run exists: the same was started before. */
  | { readonly kind: "existing"; readonly runId: string; readonly reason: string }
  /** A run is left behind that says why it did not start. */
  | { readonly kind: "skip"; readonly reason: string; readonly code: ErrorCode; readonly details: ErrorDetails }
  /** Nothing starts. */
  | {
      readonly kind: "refuse";
      readonly outcome: DecisionOutcome;
      readonly reason: string;
      readonly code: ErrorCode;
      readonly details: ErrorDetails;
    }
  /** The event goes to a run that collects events, or begins one. */
  | ({ readonly kind: "collect"; readonly by: "debounce" | "batch"; readonly key: string } & StartTerms);

/** What a run that is made goes by, and the run whose place it takes. */
export interface StartTerms {
  readonly flow: StartFlow;
  readonly replaces: string | null;
}

export type StartFlow = Pick<RunFlow, "singleton" | "idempotency">;
