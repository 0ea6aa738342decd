/**
 * One call of a function, whatever carried it: replays the stored steps, runs or plans the new ones, and says how the
 * call ended.
 *
 *   X1. Stored results are given back one at a time in stack order, and everything they set in motion settles before
 *       the next (replay.ts). So a replay takes the turns that the first pass took.
 *   X2. A new step runs here only when it is the only one, nothing stored is left, and the call allows it; several are
 *       planned. A targeted call runs exactly its target.
 *   X3. The handler sees the result of a step only after it was saved (or buffered, where the user chose so), and in
 *       the form in which a replay sees it.
 *   X4. The call ends once. Whatever the handler does afterwards changes nothing.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import type { LogLevel } from "../protocol/log-lines.ts";
import { knownStepId, stepHash } from "../protocol/step-id.ts";
import { type Attempt, type AttemptHome, attemptStep } from "./attempt.ts";
import { CallContext } from "./call-context.ts";
import { unreachedNames, unreachedWarning } from "./code-change.ts";
import type { HandlerContext } from "./context.ts";
import { stepErrorFrom } from "./error-data.ts";
import { isNonRetriable, retryAfterOf, StepError } from "./errors.ts";
import { type Checkpointer, type ExecutionRequest, type ExecutionResult, startHostTimer } from "./execution.ts";
import { collectHooks, type ExecutionHooks } from "./execution-hooks.ts";
import { CallLogger } from "./logger.ts";
import { macrotask } from "./macrotask.ts";
import { memosOf } from "./memo.ts";
import { notify, wrapWith } from "./middleware.ts";
import { enclosingStep } from "./nesting.ts";
import { checkEvents, failureOf } from "./received.ts";
import { Replay } from "./replay.ts";
import { charCountOf, completeOp, FoundStep, plannedOp, type StepOp, stepInfo } from "./step-op.ts";
import { nothing, type StepRequest, stepIdOf } from "./step-request.ts";
import { CallTools, type ToolsHome } from "./step-tools.ts";
import { storableText } from "./storable.ts";

/** A targeted step that the handler does not reach within this time is reported as missing. */
const TARGET_WAIT_MS = 10_000;

/** Buffered results are saved at the latest when they are this long together, so that a reply can still carry them. */
const BUFFER_CHARS_MAX = 1024 * 1024;

/** Makes one call. Never throws: what goes wrong is a result. */
export async function execute(request: ExecutionRequest): Promise<ExecutionResult> {
  try {
    const execution = new Execution(await checkEvents(request));
    if (request.fn.middleware.length > 0) await execution.announce();
    execution.startHandler();
    for (;;) {
      await macrotask(); // X1
      const turn = execution.turn();
      const result = turn instanceof Promise ? await turn : turn;
      if (result !== null) return execution.unreached === null ? result : { ...result, unreached: execution.unreached };
    }
  } catch (error) {
    return failure(error);
  }
}

/** Shared by all that have none; replaced, never filled. */
const NO_STEPS: FoundStep[] = [];
const NO_OPS: StepOp[] = [];

type HandlerEnd = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

/**
 * Hundreds are under way at a time, so each makes few objects, and what lives as long as the call is an instance of a
 * class: V8 may come to make long-lived literals old from the start, and then keeps all that they refer to for long.
 */
class Execution implements AttemptHome, ToolsHome {
  declare request: ExecutionRequest;
  declare readonly hooks: ExecutionHooks;
  declare readonly now: () => number;
  /** Names of stored steps that the handler no longer reaches; null when there are none. */
  unreached: readonly string[] | null = null;
  #replay: Replay<FoundStep>;
  #context: HandlerContext;
  /** The last repeat of each id that was used again. */
  #repeats: Map<string, number> | null = null;
  /** New steps that wait for a decision. */
  #fresh: FoundStep[] = NO_STEPS;
  /** Finished steps that are not saved yet. */
  #buffer: StepOp[] = NO_OPS;
  #bufferedSince = 0;
  #bufferedChars = 0;
  readonly #startedAt: number;
  readonly #target: string | null;
  readonly #canRunInline: boolean;
  #signal: AbortSignal | null = null;
  #isReplaying: boolean;
  #isMemoizationOver = false;
  /** The step whose body is running. */
  #inBody: FoundStep | null = null;
  #isTargetLate = false;
  #end: HandlerEnd | null = null;
  #wake: () => void = nothing;

  constructor(request: ExecutionRequest) {
    this.request = request;
    this.now = request.now ?? Date.now;
    this.#startedAt = this.now();
    this.#replay = new Replay(request.memos, request.stack);
    this.hooks = collectHooks(request.fn);
    const isTargetDone = request.target !== null && this.#replay.hasResult(request.target);
    this.#target = isTargetDone ? null : request.target;
    this.#canRunInline = request.target === null && !request.disableImmediateExecution;
    this.#isReplaying = !this.#replay.isEmpty || this.#target !== null;
    const context = new CallContext(request, new CallTools(this), new CallLogger(this), () => this.signal());
    this.#context = request.fn.hook === "failure" ? Object.assign(context, failureOf(request)) : context;
  }

  /** Lets middleware change what the handler is given, and tells it of the run's begin. */
  async announce(): Promise<void> {
    await this.#transformInput();
    if (!this.#replay.isEmpty || this.request.attempt > 0 || this.#target !== null) return;
    await this.#observe(this.hooks.onRunStart, this.inRun);
  }

  signal(): AbortSignal {
    this.#signal ??= this.request.signal?.() ?? new AbortController().signal;
    return this.#signal;
  }

  /** Writes a line of the handler, each once: those of a replay were written before. */
  log(level: LogLevel, args: readonly unknown[]): void {
    if (this.#isReplaying && this.#inBody === null) return;
    this.request.record?.(level, args, this.#inBody);
    this.request.logger[level](...args);
  }

  get inRun() {
    return { fn: this.request.fn, ctx: this.#context };
  }

  async #transformInput(): Promise<void> {
    for (const hook of this.hooks.transformFunctionInput) {
      const { memos, stack } = this.request;
      const steps = Object.fromEntries([...memos.keys()].map((id) => [id, memos.get(id)]));
      const changed = await hook({ ...this.inRun, steps });
      if (changed?.ctx !== undefined) this.#context = changed.ctx;
      if (changed?.steps === undefined) continue;
      this.request = { ...this.request, memos: memosOf(changed.steps) };
      this.#replay = new Replay(this.request.memos, stack);
    }
  }

  #observe<Input>(hooks: readonly ((input: Input) => unknown)[], input: Input): Promise<void> {
    return notify(hooks, input, this.request.logger);
  }

  startHandler(): void {
    const { wrapFunctionHandler } = this.hooks;
    const call = async () => (this.request.fn.handler as (context: HandlerContext) => unknown)(this.#context);
    const ended = wrapFunctionHandler.length === 0 ? call() : wrapWith(wrapFunctionHandler, this.inRun, call)();
    ended.then(
      (value) => this.#finish({ ok: true, value }),
      (error) => this.#finish({ ok: false, error }),
    );
  }

  #finish(end: HandlerEnd): void {
    this.#end = end;
    this.#wake();
  }

  /** One decision after everything has settled; null to go on. A promise only where something is waited for. */
  turn(): Promise<ExecutionResult | null> | ExecutionResult | null {
    const target = this.#target === null ? undefined : this.#fresh.find((step) => step.hashedId === this.#target);
    if (target !== undefined) return this.#runTarget(target);
    if (this.#end !== null) return this.#target === null ? this.#endRun(this.#end) : this.#targetMissing();
    const next = this.#replay.next();
    if (next !== null) {
      if (this.#replay.isOver) this.#stopReplaying();
      if (next.memo.kind === "error") next.step.reject(stepErrorFrom(next.step.id, next.memo.error));
      else next.step.resolve(next.memo.kind === "data" ? next.memo.data : undefined);
      return null;
    }
    this.#stopReplaying();
    if (this.#target !== null) return this.#awaitTarget();
    if (this.#fresh.length > 0) return this.#takeFresh();
    return this.#activity();
  }

  #stopReplaying(): void {
    if (this.#target === null) this.#isReplaying = false;
    if (this.#isMemoizationOver) return;
    this.#isMemoizationOver = true;
    if (this.hooks.onMemoizationEnd.length > 0) void this.#observe(this.hooks.onMemoizationEnd, this.inRun);
  }

  /** Until the handler reaches another step or ends: it waits for something that is not a step. */
  #activity(): Promise<null> | null {
    if (this.#end !== null) return null;
    return new Promise((resolve) => {
      this.#wake = () => resolve(null);
    });
  }

  async #awaitTarget(): Promise<ExecutionResult | null> {
    const waitMs = this.request.targetWaitMs ?? TARGET_WAIT_MS;
    const restMs = waitMs - (this.now() - this.#startedAt);
    if (restMs <= 0 || this.#isTargetLate) return this.#targetMissing();
    let stop = () => {};
    const isOver = new Promise<void>((resolve) => {
      stop = (this.request.timer ?? startHostTimer)(restMs, resolve);
    }).then(() => {
      this.#isTargetLate = true;
    });
    await Promise.race([this.#activity(), isOver]);
    stop();
    return null;
  }

  #targetMissing(): ExecutionResult {
    const step = knownStepId(this.#target!) ?? this.#target!;
    return { kind: "failed", error: new StepwellError("step_not_found", { step }), noRetry: false, retryAfter: null };
  }

  // Reaching steps.

  find(request: StepRequest): Promise<unknown> {
    const parent = enclosingStep(this);
    if (parent !== null)
      return Promise.reject(new StepwellError("step_nested", { step: stepIdOf(request.id), parent }));
    const step = this.#identify(this.hooks.transformStepInput.length === 0 ? request : this.#transformStep(request));
    const memo = this.#replay.reach(step.hashedId, step, request.type);
    if (memo === null) this.#wait(step);
    else if (memo.kind === "input") this.#wait({ ...step, input: memo.input });
    this.#wake();
    if (this.hooks.wrapStep.length === 0) return step.result;
    const input = { ...this.inRun, stepInfo: stepInfo(step, memo !== null && memo.kind !== "input") };
    return wrapWith(this.hooks.wrapStep, input, () => step.result)();
  }

  #wait(step: FoundStep): void {
    if (this.#fresh.length === 0) this.#fresh = [step];
    else this.#fresh.push(step);
  }

  #transformStep(request: StepRequest): StepRequest {
    let changed = request;
    for (const hook of this.hooks.transformStepInput) {
      const stepOptions = typeof changed.id === "string" ? { id: changed.id } : changed.id;
      const result = hook({ fn: this.request.fn, stepType: changed.type, stepOptions, input: changed.input });
      if (result) changed = { ...changed, id: result.stepOptions ?? changed.id, input: result.input ?? changed.input };
    }
    return changed;
  }

  /** The identity of a step: its id and which repeat of it this is. */
  #identify(request: StepRequest): FoundStep {
    const id = stepIdOf(request.id);
    let index = 0;
    let hashedId = stepHash(id, 0);
    if (this.#replay.isReached(hashedId)) {
      this.#repeats ??= new Map();
      index = this.#repeats.get(id) ?? 0;
      // An explicit id such as "a:1" may already hold the place of a repeat.
      do hashedId = stepHash(id, ++index);
      while (this.#replay.isReached(hashedId));
      this.#repeats.set(id, index);
    }
    return new FoundStep(request, id, index, hashedId);
  }

  // Running steps.

  #takeFresh(): Promise<ExecutionResult | null> | ExecutionResult {
    this.#warnUnreached();
    const [step] = this.#fresh;
    const isAlone = this.#fresh.length === 1 && step!.body !== null;
    if (!isAlone || !this.#canRunInline || this.#isOverTime()) return this.#planFresh();
    this.#fresh = NO_STEPS;
    return this.#runInline(step!);
  }

  /** Runs the step; the handler is given its result after it was saved, if the call goes on (X3). */
  async #runInline(step: FoundStep): Promise<ExecutionResult | null> {
    const attempt = await this.#attempt(step);
    this.#inBody = null;
    const { op } = attempt;
    const { checkpoint } = this.request;
    // A retried call ends here, so that the retried job is completed by its own reply.
    if (op.op !== "StepRun" || checkpoint === null || this.request.attempt > 0) return this.#stop([op], attempt);
    if (this.#isFull(checkpoint, op)) {
      const ended = await this.#flush(checkpoint);
      if (ended !== null) return ended;
    }
    step.resolve(JSON.parse(op.data!)); // X3
    return null;
  }

  #isOverTime(): boolean {
    const { checkpoint } = this.request;
    return checkpoint !== null && this.now() - this.#startedAt >= checkpoint.maxRuntimeMs;
  }

  #planFresh(): ExecutionResult {
    return this.#stop(this.#fresh.map(plannedOp));
  }

  async #runTarget(step: FoundStep): Promise<ExecutionResult> {
    if (step.body === null) return this.#stop([plannedOp(step)]);
    const attempt = await this.#attempt(step);
    this.#inBody = null;
    return this.#stop([attempt.op], attempt);
  }

  /** Buffers a finished step; true when what is buffered is to be saved. */
  #isFull({ bufferedSteps, maxIntervalMs }: Checkpointer, op: StepOp): boolean {
    if (this.#buffer.length === 0) {
      this.#buffer = [op];
      this.#bufferedSince = maxIntervalMs > 0 ? this.now() : 0;
    } else {
      this.#buffer.push(op);
    }
    this.#bufferedChars += charCountOf(op);
    const isLarge = this.#bufferedChars >= BUFFER_CHARS_MAX;
    const isOld = maxIntervalMs > 0 && this.now() - this.#bufferedSince >= maxIntervalMs;
    return this.#buffer.length >= bufferedSteps || isOld || isLarge;
  }

  async #flush(checkpoint: Checkpointer): Promise<ExecutionResult | null> {
    if (this.#buffer.length === 0) return null;
    let saved: "saved" | "stale";
    try {
      saved = await checkpoint.save(this.#buffer);
    } catch {
      return this.#stop([]); // The reply carries what could not be saved.
    }
    this.#buffer = NO_OPS;
    this.#bufferedChars = 0;
    if (saved === "saved") return null;
    return { kind: "failed", error: new StepwellError("stale_dispatch"), noRetry: true, retryAfter: null };
  }

  /** Whoever waits for it says afterwards that no body runs any more: it never throws (attempt.ts, AT1). */
  #attempt(step: FoundStep): Promise<Attempt> {
    this.#inBody = step;
    return attemptStep(step, this);
  }

  // Ending the call.

  #stop(ops: readonly StepOp[], attempt?: Attempt): ExecutionResult {
    const all = this.#buffer.length === 0 ? ops : [...this.#buffer, ...ops];
    return { kind: "ops", ops: all, retryAfter: attempt?.retryAfter ?? null, noRetry: attempt?.op.noRetry ?? false };
  }

  #endRun(end: HandlerEnd): Promise<ExecutionResult> | ExecutionResult {
    this.#warnUnreached();
    if (!end.ok) return this.#failRun(end.error);
    try {
      const output = storableText(end.value, `Function ${this.request.fn.slug}`, "result");
      const result: ExecutionResult =
        this.#buffer.length === 0 ? { kind: "returned", output } : this.#stop([completeOp(output)]);
      const { onRunComplete } = this.hooks;
      if (onRunComplete.length === 0) return result;
      return this.#observe(onRunComplete, { ...this.inRun, output: end.value }).then(() => result);
    } catch (error) {
      return this.#failRun(error);
    }
  }

  async #failRun(error: unknown): Promise<ExecutionResult> {
    const { attempt, maxAttempts, checkpoint } = this.request;
    // A failed function answers with an error, which has no room for operations: save them first.
    const ended = checkpoint === null ? null : await this.#flush(checkpoint);
    if (ended !== null) return ended;
    const result = failure(error);
    const isFinalAttempt = (result.kind === "failed" && result.noRetry) || attempt + 1 >= maxAttempts;
    await this.#observe(this.hooks.onRunError, { ...this.inRun, error, isFinalAttempt });
    return result;
  }

  /** Tells author and server that stored steps no longer occur in the code; the run goes on without them. */
  #warnUnreached(): void {
    if (this.request.target !== null || this.unreached !== null) return;
    const ids = this.#replay.unreached();
    if (ids.length === 0) return;
    this.unreached = unreachedNames(ids);
    this.request.logger.warn(unreachedWarning(this.request.runId, this.request.fn.slug, ids));
  }
}

function failure(error: unknown): ExecutionResult {
  // A failed step that nobody caught has used up its attempts already.
  const noRetry = error instanceof StepError || isNonRetriable(error);
  return { kind: "failed", error, noRetry, retryAfter: noRetry ? null : retryAfterOf(error) };
}
