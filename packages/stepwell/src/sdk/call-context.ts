/**
 * What the handler of one call is given. Its signal is made when it is asked for, which most handlers never do; all the same it is
 * a property of the object's own, so that a copy of the context has it too. The getter is one for all calls: with one for
 * each, the host could not give their contexts a common shape, and making one took two microseconds.
 */
import type { HandlerContext } from "./context.ts";
import type { ExecutionRequest } from "./execution.ts";
import type { Logger } from "./logger.ts";
import type { StepTools } from "./step-tools.ts";
import type { ReceivedEvent } from "./trigger.ts";

type Parts = Pick<ExecutionRequest, "event" | "events" | "runId" | "attempt" | "maxAttempts">;

export class CallContext implements HandlerContext {
  declare readonly event: ReceivedEvent;
  declare readonly events: readonly ReceivedEvent[];
  declare readonly step: StepTools;
  declare readonly runId: string;
  declare readonly attempt: number;
  declare readonly maxAttempts: number;
  declare readonly logger: Logger;
  declare readonly signal: AbortSignal;
  readonly #signal: () => AbortSignal;

  constructor(
    { event, events, runId, attempt, maxAttempts }: Parts,
    step: StepTools,
    logger: Logger,
    signal: () => AbortSignal,
  ) {
    this.event = event;
    this.events = events;
    this.step = step;
    this.runId = runId;
    this.attempt = attempt;
    this.maxAttempts = maxAttempts;
    this.logger = logger;
    this.#signal = signal;
    Object.defineProperty(this, "signal", SIGNAL);
  }

  /** The signal of a context, or of an object that was made from one. */
  static signalOf(context: object): AbortSignal {
    let at: object | null = context;
    while (at !== null && !(#signal in at)) at = Object.getPrototypeOf(at) as object | null;
    return at === null ? new AbortController().signal : at.#signal();
  }
}

const SIGNAL: PropertyDescriptor = {
  get(this: object) {
    return CallContext.signalOf(this);
  },
  enumerable: true,
};
