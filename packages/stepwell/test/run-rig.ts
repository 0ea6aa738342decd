/** A run in the hand of a test: the real rules, a clock that the test moves, and chance that is always the same. */
import { Batch } from "../src/core/batch.ts";
import { type CheckpointAnswer, checkpoint } from "../src/core/run/checkpoint.ts";
import type { InvokeRequest, InvokeStart, RunContext, RunLimits, SignalState } from "../src/core/run/context.ts";
import { createRun } from "../src/core/run/create.ts";
import { dispatch } from "../src/core/run/dispatch.ts";
import { cancelRun } from "../src/core/run/finish.ts";
import { runProblems } from "../src/core/run/invariants.ts";
import { reply } from "../src/core/run/reply.ts";
import { type Job, MAIN_SLOT, type ParentLink, type Run, type Wait } from "../src/core/run/run.ts";
import { wake } from "../src/core/run/wake.ts";
import type { Call } from "../src/protocol/call.ts";
import type { ErrorValue } from "../src/protocol/error-value.ts";
import { NO_FLOW } from "../src/protocol/flow.ts";
import { type FunctionConfig, NO_TIMEOUTS } from "../src/protocol/function.ts";
import type { Op, Sends } from "../src/protocol/op.ts";
import type { Outcome } from "../src/protocol/outcome.ts";

export const START = 1_000_000;

export interface RigOptions {
  readonly retries?: number;
  readonly version?: 1 | 2;
  readonly limits?: Partial<RunLimits>;
  readonly startAt?: number;
  readonly config?: Partial<FunctionConfig>;
  readonly parent?: ParentLink;
  /** What an invoke of the run leads to. */
  readonly invoke?: () => InvokeStart;
}

export class RunRig {
  now = START;
  batch = new Batch();
  fn: FunctionConfig | undefined;
  readonly run: Run;
  readonly ended: string[] = [];
  readonly armed = new Set<Wait>();
  readonly invoked: { readonly parent: ParentLink; readonly request: InvokeRequest }[] = [];
  readonly sent: Sends[] = [];
  /** What other runs were told. */
  readonly told: string[] = [];
  signal: SignalState = { holder: null, early: null };
  readonly scheduled: { slot: string; dueAt: number }[] = [];
  readonly #version: 1 | 2;
  readonly #context: RunContext;
  #requests = 0;

  constructor(options: RigOptions = {}) {
    this.#version = options.version ?? 2;
    this.fn = config(options.retries ?? 3, options.config);
    const rig = this;
    this.#context = {
      get now() {
        return rig.now;
      },
      get stamp() {
        return rig.now;
      },
      get batch() {
        return rig.batch;
      },
      random: { uint32: () => 0 },
      retry: { intervalMs: null },
      limits: { stepsPerRunMax: 100, runStateBytesMax: 10_000, stepOutputBytesMax: 1_000, ...options.limits },
      functionOf: () => this.fn,
      schedule: (_run, job) => void this.scheduled.push({ slot: job.slot, dueAt: job.dueAt }),
      ended: (run) => void this.ended.push(run.status),
      requeued: () => undefined,
      armed: (wait) => void this.armed.add(wait),
      disarmed: (wait) => void this.armed.delete(wait),
      invoke: (parent, request) => {
        this.invoked.push({ parent, request });
        return options.invoke?.() ?? { kind: "started", runId: `child-${this.invoked.length}` };
      },
      cancelChild: (runId, _parentId, reason) => void this.told.push(`cancel ${runId}: ${reason}`),
      send: (sends) => void this.sent.push(sends),
      signal: () => this.signal,
      takeSignal: (name) => void this.told.push(`take ${name}`),
      dropWait: (runId, slot) => void this.told.push(`drop ${runId} ${slot}`),
      retryEvents: (run, events, startAt, attempt) => {
        this.told.push(`try ${events.map(({ id }) => id).join()} of ${run.id} again at ${startAt}, attempt ${attempt}`);
        return "again";
      },
      forgetFlow: ({ kind, key }) => void this.told.push(`forget ${kind} ${key}`),
      lookBack: (_run, slot, { names, since, isOptional }, untilAt) =>
        void this.told.push(
          `look back ${slot} ${names.join()} ${since}, until ${untilAt}${isOptional ? ", if it can" : ""}`,
        ),
    };
    const fn = { version: 1, config: this.fn, flow: null };
    const fields = {
      id: "run",
      env: "default",
      partition: 0,
      functionId: "f",
      events: [{ id: "event", name: "a", json: '{"data":{}}' }],
      cron: null,
      originalRunId: null,
      parent: options.parent ?? null,
      startAt: options.startAt ?? START,
    };
    this.run = createRun(this.#context, fields, fn);
  }

  get context(): RunContext {
    return this.#context;
  }

  /** The open batch is stored; the next one begins. */
  store(): Batch {
    const { batch } = this;
    for (const row of [...batch.runs, ...batch.steps, ...batch.jobs, ...batch.waits]) row.isStored = true;
    this.batch = new Batch();
    return batch;
  }

  /** Makes the call of a job; undefined when there is none to make. */
  call(slot: string = MAIN_SLOT): Call | undefined {
    const before = this.batch.calls.length;
    dispatch(this.#context, this.run, slot, `request-${++this.#requests}`);
    return this.batch.calls[before]?.call;
  }

  answer(call: Call, outcome: Outcome): void {
    reply(this.#context, this.run, call.target ?? MAIN_SLOT, call.generation, outcome);
  }

  /** A call of the job and its answer in operations. */
  report(slot: string, ...ops: Op[]): Call {
    const call = this.call(slot);
    if (call === undefined) throw new Error(`nothing to call for ${slot}`);
    this.answer(call, this.ops(...ops));
    return call;
  }

  save(generation: number | null, ...ops: Op[]): CheckpointAnswer {
    return checkpoint(this.#context, this.run, MAIN_SLOT, generation, ops);
  }

  wake(slot: string): void {
    wake(this.#context, this.run, slot);
  }

  cancel(): void {
    cancelRun(this.#context, this.run, "cancelled_by_request", "asked to");
  }

  ops(...ops: Op[]): Outcome {
    return { kind: "ops", requestVersion: this.#version, status: 206, retryAfterMs: null, ops, unreached: [] };
  }

  returned(output: string): Outcome {
    return { kind: "returned", requestVersion: this.#version, status: 200, retryAfterMs: null, output, unreached: [] };
  }

  failed(message: string, more: { noRetry?: boolean; retryAfterMs?: number } = {}): Outcome {
    const { noRetry = false, retryAfterMs = null } = more;
    const error: ErrorValue = { name: "Error", message };
    return { kind: "failed", requestVersion: this.#version, status: 500, retryAfterMs, noRetry, error, unreached: [] };
  }

  job(slot: string = MAIN_SLOT): Job | undefined {
    return this.run.jobs.get(slot);
  }

  get slots(): string[] {
    return [...this.run.jobs.keys()];
  }

  memo(id: string): string | null | undefined {
    return this.run.steps.get(id)?.memo;
  }

  get problems(): string[] {
    return runProblems(this.run);
  }
}

export function config(retries: number, more: Partial<FunctionConfig> = {}): FunctionConfig {
  return {
    id: "f",
    slug: "app-f",
    name: "f",
    appId: "app",
    triggers: [],
    retries,
    url: "inproc:f",
    cancelOn: [],
    timeouts: NO_TIMEOUTS,
    flow: NO_FLOW,
    raw: {},
    ...more,
  };
}

const base = {
  opts: {},
  data: null,
  error: null,
  sends: null,
  index: 0,
  noRetry: false,
  startedAt: null,
  endedAt: null,
};

export const done = (id: string, data = "1"): Op => ({ ...base, op: "StepRun", id, name: id, displayName: id, data });

export const planned = (id: string, opts: Op["opts"] = {}): Op => ({
  ...base,
  op: "StepPlanned",
  id,
  name: id,
  displayName: id,
  opts,
});

export const sleeping = (id: string, text: string): Op => ({ ...base, op: "Sleep", id, name: text, displayName: id });

export const failing = (id: string, more: Partial<Op> = {}): Op => ({
  ...base,
  op: "StepError",
  id,
  name: id,
  displayName: id,
  error: { name: "Error", message: `${id} failed` },
  ...more,
});

export const asking = (op: Op["op"], more: Partial<Op> = {}): Op => ({
  ...base,
  op,
  id: op,
  name: op,
  displayName: op,
  ...more,
});
