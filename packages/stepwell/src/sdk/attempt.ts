/**
 * One attempt of a step's body, and what it comes to: an operation with the result, or with the error.
 *
 *   AT1. Never throws: whatever goes wrong is the operation of a failed attempt.
 *   AT2. An attempt with a timeout ends with it, even though its body may go on; what the body does then counts for
 *        nothing. Its timer is stopped when it ends first.
 */
import { errorData } from "./error-data.ts";
import { isNonRetriable, retryAfterOf, StepTimeoutError } from "./errors.ts";
import { type ExecutionRequest, type StartTimer, startHostTimer } from "./execution.ts";
import type { ExecutionHooks } from "./execution-hooks.ts";
import { type InRun, notify, wrapWith } from "./middleware.ts";
import { type CurrentStep, insideStep } from "./nesting.ts";
import { createOutbox } from "./outbox.ts";
import { errorOp, type FoundStep, opOf, optsOf, type StepOp, stepInfo } from "./step-op.ts";
import { storableText } from "./storable.ts";

export interface Attempt {
  readonly op: StepOp;
  /** The failed attempt's wish, as a `Retry-After` value. */
  readonly retryAfter: string | null;
}

/** What an attempt needs of the call it happens in, whose steps must not be nested in it. */
export interface AttemptHome {
  readonly request: ExecutionRequest;
  readonly hooks: ExecutionHooks;
  readonly inRun: InRun;
  readonly now: () => number;
  signal(): AbortSignal;
}

export async function attemptStep(step: FoundStep, home: AttemptHome): Promise<Attempt> {
  const { request, hooks, now } = home;
  const input = () => ({ ...home.inRun, stepInfo: stepInfo(step, false) }); // For hooks only: most apps have none.
  const startedAt = now();
  const isSending = step.type === "sendEvent" || step.type === "sendSignal";
  const outbox = isSending && request.sendsCharsMax > 0 ? createOutbox(request.sendsCharsMax, now) : null;
  try {
    const opts = optsOf(step); // Arguments that cannot be stored are refused before the body runs.
    if (hooks.onStepStart.length > 0) await notify(hooks.onStepStart, input(), request.logger);
    const run = () => step.body!(step.input, { hashedId: step.hashedId, outbox });
    const { wrapStepHandler } = hooks;
    const body = wrapStepHandler.length === 0 ? run : wrapWith(wrapStepHandler, input(), async () => run());
    const value = await (step.timeoutMs === null
      ? insideStep(home, new Current(step, home, null), body)
      : inTime(step, home, step.timeoutMs, body));
    const data = storableText(value, `Step "${step.id}"`, "result");
    const op = opOf(step, "StepRun", opts, data, outbox?.take() ?? null, startedAt, now());
    if (hooks.onStepComplete.length > 0)
      await notify(hooks.onStepComplete, { ...input(), output: value }, request.logger);
    return { op, retryAfter: null };
  } catch (error) {
    const noRetry = isNonRetriable(error);
    const isFinalAttempt = noRetry || request.attempt + 1 >= request.maxAttempts;
    await notify(hooks.onStepError, { ...input(), error, isFinalAttempt }, request.logger);
    const op = errorOp(step, errorData(error), isFinalAttempt, noRetry, startedAt, now());
    return { op, retryAfter: isFinalAttempt ? null : retryAfterOf(error) };
  }
}

/** The step as its body may ask for it. Signals are made when they are asked for: most bodies never do. */
class Current implements CurrentStep {
  declare readonly id: string;
  declare readonly attempt: number;
  readonly #home: AttemptHome;
  readonly #timeout: AbortSignal | null;
  #own: AbortSignal | null = null;

  constructor({ id }: FoundStep, home: AttemptHome, timeout: AbortSignal | null) {
    this.id = id;
    this.attempt = home.request.attempt;
    this.#home = home;
    this.#timeout = timeout;
  }

  get signal(): AbortSignal {
    const run = this.#home.signal();
    this.#own ??= this.#timeout === null ? run : AbortSignal.any([run, this.#timeout]);
    return this.#own;
  }
}

/** AT2 */
async function inTime(step: FoundStep, home: AttemptHome, timeoutMs: number, body: () => unknown): Promise<unknown> {
  const startTimer: StartTimer = home.request.timer ?? startHostTimer;
  const controller = new AbortController();
  let stop = () => {};
  const isOver = new Promise<never>((_, reject) => {
    stop = startTimer(timeoutMs, () => {
      const error = new StepTimeoutError(step.id, timeoutMs);
      reject(error); // First, or an obedient body would be quicker with an error of its own.
      controller.abort(error);
    });
  });
  const run = async () => insideStep(home, new Current(step, home, controller.signal), body);
  try {
    return await Promise.race([run(), isOver]);
  } finally {
    stop();
  }
}
