/**
 * A worker thread that answers calls: the side that asks (`Thread`), and the side that serves (`serveThread`).
 *
 *   H1. Calls are served one at a time, in the order in which they were made.
 *   H2. A thread that ends, for whatever reason, leaves no call without an answer.
 */
import { parentPort, Worker } from "node:worker_threads";
import { assert } from "../../core/assert.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { type Failure, failureOf } from "./failure.ts";

/** What a thread serves: functions by name. Arguments and results are plain data. */
export type Methods = { readonly [name: string]: (...args: never[]) => unknown };

interface Request {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: Failure;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** The script of a thread beside the module `here`: a source when that is one, else what was built from it. */
export function scriptBeside(here: string, name: string): URL {
  return new URL(`./${name}${here.endsWith(".ts") ? ".ts" : ".js"}`, here);
}

export class Thread<Served extends Methods> {
  readonly #path: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #end: StepwellError | null = null;

  /** `path` is the database's, for errors. */
  constructor(script: URL, data: { readonly path: string }) {
    this.#path = data.path;
    // Node 22 warns that its SQLite is experimental, once for each thread. Nothing else runs in this one.
    const execArgv = ["--disable-warning=ExperimentalWarning"];
    this.#worker = new Worker(script, { workerData: data, execArgv });
    this.#worker.on("message", (reply: Reply) => this.#answer(reply));
    this.#worker.on("error", (error) => this.#ended(String(error)));
    this.#worker.on("exit", () => this.#ended("its thread has ended"));
  }

  get hasEnded(): boolean {
    return this.#end !== null;
  }

  call<Name extends keyof Served & string>(
    method: Name,
    ...args: Parameters<Served[Name]>
  ): Promise<ReturnType<Served[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) {
        reject(this.#end);
        return;
      }
      const request: Request = { id: ++this.#lastId, method, args };
      this.#worker.postMessage(request);
      this.#waiting.set(request.id, { resolve, reject });
    });
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #answer({ id, value, failure }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure === undefined) waiting?.resolve(value as never);
    else waiting?.reject(new StepwellError(failure.code, failure.details));
  }

  #ended(reason: string): void {
    this.#end ??= new StepwellError("store_failed", { path: this.#path, reason });
    for (const waiting of this.#waiting.values()) waiting.reject(this.#end); // H2
    this.#waiting.clear();
  }
}

export interface OnDemand<Served extends Methods> {
  readonly start: () => Thread<Served>;
  /** The last call of a thread. */
  readonly close: (thread: Thread<Served>) => Promise<unknown>;
  readonly restMs: number;
}

/**
 * A thread that is there while it is used: the first call starts it, and it ends when nothing was asked for a while, because a
 * thread at rest holds about 20 MB. A call that comes later, or after it died, starts another.
 */
export class ThreadOnDemand<Served extends Methods> {
  readonly #options: OnDemand<Served>;
  #thread: Thread<Served> | null = null;
  #uses = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OnDemand<Served>) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#thread !== null && !this.#thread.hasEnded;
  }

  async use<Result>(use: (thread: Thread<Served>) => Promise<Result>): Promise<Result> {
    clearTimeout(this.#timer);
    this.#uses++;
    try {
      if (this.#thread === null || this.#thread.hasEnded) this.#thread = this.#options.start();
      return await use(this.#thread);
    } finally {
      if (--this.#uses === 0) this.#timer = setTimeout(() => void this.end(), this.#options.restMs).unref();
    }
  }

  /** Ends the thread; calls that wait are answered first. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    const thread = this.#thread;
    this.#thread = null;
    if (thread === null) return;
    await this.#options.close(thread).catch(() => {}); // It may have died; then there is nothing to close.
    await thread.terminate();
  }
}

/** Serves the thread this runs in. */
export function serveThread(methods: Methods, path: string): void {
  const port = parentPort;
  assert(port !== null, "a store thread runs outside a thread");
  port.on("message", ({ id, method, args }: Request) => {
    let reply: Reply;
    try {
      reply = { id, value: methods[method]!(...(args as never[])) };
    } catch (error) {
      reply = { id, failure: failureOf(error, path) };
    }
    port.postMessage(reply);
  });
}
