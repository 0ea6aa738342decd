/** What handlers and middleware are given: the context of a call, and which function it is. */
import type { Logger } from "./logger.ts";
import type { StepTools } from "./step-tools.ts";
import type { ReceivedEvent } from "./trigger.ts";

/** Which function it is. */
export interface FunctionInfo {
  readonly id: string;
  /** `<app id>-<function id>`, as the server knows it. */
  readonly slug: string;
  readonly name: string;
}

/** What a handler is given. */
export interface HandlerContext<Event = ReceivedEvent> {
  /** The event that started the run; the first one of a batch. */
  readonly event: Event;
  /** Every event that started the run: one, or those of a batch. */
  readonly events: readonly Event[];
  readonly step: StepTools;
  readonly runId: string;
  /** The attempt of this call, from 0. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /**
   * Fires when the run was cancelled while this call was under way; also when the connection to the server broke, and
   * then the call will be made again. Hand it to what can be stopped. In a step, `currentStep().signal` knows the step's
   * timeout too.
   */
  readonly signal: AbortSignal;
  /** Writes each line once: it is quiet while earlier steps are replayed. */
  readonly logger: Logger;
}
