/**
 * Virtual time: a queue of tasks, and the host's globals turned so that the code under test sees only this time.
 *
 *   TL1. Tasks run one at a time, by instant and then by the order in which they were added. Before the next one runs,
 *        everything the last one set in motion has settled.
 *   TL2. Why that is deterministic: the code under test can wait for a promise, for `setImmediate`, or for a timer, and
 *        for nothing else. Promises are drained completely by one real macrotask. `setImmediate` and `setTimeout` are
 *        ours while a seed runs: the first is run here in the order of the calls until there are no more, the second
 *        is a task of the timeline. So no real clock, and no race of the host, ever decides what comes next.
 *   TL3. The clock on the wall may jump; the timeline itself never does (as a monotonic clock).
 */
import { setImmediate as realImmediate } from "node:timers";
import { Heap } from "../../src/core/schedule/heap.ts";

interface Task {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

const realTurn = () => new Promise<void>((resolve) => realImmediate(() => resolve()));

/** Immediates that one task may set in motion; more is a loop that never settles. */
const IMMEDIATES_MAX = 200_000;

export class Timeline {
  readonly #tasks = new Heap<Task>((left, right) =>
    left.at !== right.at ? left.at < right.at : left.order < right.order,
  );
  #order = 0;
  #now = 0;
  #wallOffset: number;
  #wallMax = 0;
  #immediates: (() => void)[] = [];
  tasksRun = 0;

  constructor(wallStart: number) {
    this.#wallOffset = wallStart;
    this.#wallMax = wallStart;
  }

  /** Milliseconds since the beginning; never steps back. */
  get now(): number {
    return this.#now;
  }

  /** What the clock on the wall shows. */
  get wall(): number {
    return this.#now + this.#wallOffset;
  }

  /** The latest instant the clock on the wall ever showed: whatever lies beyond it has not come yet for anybody. */
  get wallMax(): number {
    this.#wallMax = Math.max(this.#wallMax, this.wall);
    return this.#wallMax;
  }

  jump(byMs: number): void {
    void this.wallMax;
    this.#wallOffset += byMs;
  }

  /** When the next task is due; null when there is none. */
  get nextAt(): number | null {
    for (let task = this.#tasks.peek(); task !== undefined; task = this.#tasks.peek()) {
      if (task.run !== null) return task.at;
      this.#tasks.pop();
    }
    return null;
  }

  after(delayMs: number, run: () => void): () => void {
    const task: Task = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run };
    this.#tasks.push(task);
    return () => {
      task.run = null;
    };
  }

  delay(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** Runs the next task and lets it settle. False when there is none. */
  async step(): Promise<boolean> {
    let task = this.#tasks.pop();
    while (task !== undefined && task.run === null) task = this.#tasks.pop();
    if (task === undefined) return false;
    this.#now = task.at;
    this.tasksRun++;
    task.run!();
    await this.#settle();
    return true;
  }

  /** Runs `work` with the host's clock and timers replaced by this timeline's. */
  async host<T>(work: () => Promise<T>): Promise<T> {
    const { setImmediate, setTimeout, clearTimeout } = globalThis;
    const dateNow = Date.now;
    const cancels = new Map<number, () => void>();
    Object.assign(globalThis, {
      setImmediate: (run: () => void) => void this.#immediates.push(run),
      setTimeout: (run: () => void, delayMs = 0) => {
        const handle = this.#order;
        cancels.set(handle, this.after(delayMs, run));
        return handle;
      },
      clearTimeout: (handle: number | undefined) => cancels.get(handle ?? -1)?.(),
    });
    Date.now = () => this.wall;
    try {
      return await work();
    } finally {
      Object.assign(globalThis, { setImmediate, setTimeout, clearTimeout });
      Date.now = dateNow;
    }
  }

  async #settle(): Promise<void> {
    await realTurn();
    for (let count = 0; this.#immediates.length > 0; ) {
      const immediates = this.#immediates;
      this.#immediates = [];
      count += immediates.length;
      if (count > IMMEDIATES_MAX) throw new Error("a task never settles");
      for (const run of immediates) run();
      await realTurn();
    }
  }
}
