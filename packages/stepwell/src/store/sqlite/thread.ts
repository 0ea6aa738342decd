/**
 * A worker thread that answers calls: the side that asks (`Thread`), and the side that serves (`serveThread`).
 *
 *   H1. Calls are served one at a time, in the order in which they were made.
 *   H2. A thread that ends, for whatever reason, leaves no call without an answer.
 *   H3. A thread is asked to end and does so by itself. Only one that does not answer is terminated: V8 now and then loses count of
 *       its code pages when a thread is stopped in the middle of its work, and takes the whole process with it.
 */
import { parentPort, Worker } from "node:worker_threads";
import { assert } from "../../core/assert.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { type Failure, failureOf } from "./failure.ts";

/** What a thread serves: functions by name. Arguments and results are plain data. */
export type Methods = {
  readonly [name: string]: (...args: never[]) => unknown;
  /** The last call. */
  readonly close: () => void;
};

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

/** A commit under way may take so long on a slow disk. */
const END_MS = 30_000;

export class Thread<Served extends Methods> {
  readonly #path: string;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
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
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#ended("its thread has ended");
        resolve();
      });
    });
  }

  get hasEnded(): boolean {
    return this.#end !== null;
  }

  call<Name extends keyof Served & string>(
    method: Name,
    ...args: Parameters<Served[Name]>
  ): Promise<ReturnType<Served[Name]>> {
    return this.#ask(method, args);
  }

  /** Answers what waits, closes what the thread holds, and ends it (H3). Throws what closing threw. */
  async end(): Promise<void> {
    if (this.#end !== null) return;
    const patience = setTimeout(() => void this.#worker.terminate(), END_MS);
    await Promise.all([this.#ask("close", []), this.#exited]).finally(() => clearTimeout(patience));
  }

  #ask<Result>(method: string, args: readonly unknown[]): Promise<Result> {
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
    if (method === "close") port.close(); // H3: with its port open it would wait for more.
  });
}
