import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Gates } from "../flow/gates.ts";
import { type JobHint, JobQueue, type JobQueueLimits, type PageRequest } from "./job-queue.ts";
import { ReadyQueue } from "./ready-queue.ts";

const hint = (runId: string, dueAt: number, more: Partial<JobHint> = {}): JobHint => ({
  runId,
  dueAt,
  slot: "main",
  functionId: "f",
  orderAt: 0,
  isTimer: false,
  isStart: false,
  isRequest: false,
  flow: null,
  key: "",
  ...more,
});

const queueOf = (limits?: JobQueueLimits, gates = new Gates()): JobQueue =>
  new JobQueue(new ReadyQueue(gates, () => 1), limits);

/** A queue whose window begins now and holds everything up to the horizon. */
function opened(limits: JobQueueLimits = { hintsMax: 100, horizonMs: 1_000 }, now = 0): JobQueue {
  const queue = queueOf(limits);
  queue.adoptPage(queue.pageRequest(now)!, []);
  return queue;
}

const anyone = () => null;

function takeAll(queue: JobQueue, now: number): string[] {
  queue.release(now);
  const taken: string[] = [];
  for (let next = queue.next(anyone); next !== undefined; next = queue.next(anyone)) taken.push(next.runId);
  return taken;
}

describe("when and in which order", () => {
  test("a hint never leaves before its time", () => {
    const queue = opened();
    queue.add(hint("a", 10));
    expect(takeAll(queue, 9)).toEqual([]);
    expect(queue.nextDueAt()).toBe(10);
    expect(takeAll(queue, 10)).toEqual(["a"]);
  });

  test("within a function, older runs go first, whenever their jobs became due", () => {
    const queue = opened();
    queue.add(hint("young", 1, { orderAt: 9 }));
    queue.add(hint("old", 5, { orderAt: 2 }));
    expect(takeAll(queue, 5)).toEqual(["old", "young"]);
  });

  test("functions take turns, so a long backlog delays nobody else", () => {
    const queue = opened();
    for (const runId of ["a1", "a2", "a3"]) queue.add(hint(runId, 0, { functionId: "a" }));
    queue.add(hint("b1", 0, { functionId: "b" }));
    expect(takeAll(queue, 0)).toEqual(["a1", "b1", "a2", "a3"]);
  });

  test("a lane that is blocked keeps its work, and goes on when its gate opens", () => {
    const gates = new Gates();
    const queue = queueOf({ hintsMax: 100, horizonMs: 1_000 }, gates);
    queue.adoptPage(queue.pageRequest(0)!, []);
    queue.add(hint("a1", 0, { functionId: "a" }));
    queue.add(hint("b1", 0, { functionId: "b" }));
    queue.release(0);
    const notA = ({ functionId }: JobHint) =>
      functionId === "a" ? { gate: "of a", limit: null, guarantees: [] } : null;
    expect(queue.next(notA)!.runId).toBe("b1");
    expect(queue.next(anyone)).toBeUndefined();
    gates.open("of a");
    expect(queue.next(anyone)!.runId).toBe("a1");
  });
});

describe("the window", () => {
  test("the first page begins before all time and ends at the horizon", () => {
    const request = queueOf({ hintsMax: 100, horizonMs: 1_000 }).pageRequest(5_000)!;
    expect(request).toMatchObject({ untilAt: 6_000, limit: 25 });
    expect(request.after.dueAt).toBe(Number.NEGATIVE_INFINITY);
  });

  test("one page is read at a time", () => {
    const queue = queueOf({ hintsMax: 100, horizonMs: 1_000 });
    expect(queue.pageRequest(0)).not.toBeNull();
    expect(queue.pageRequest(0)).toBeNull();
    expect(queue.nextPageAt()).toBeNull();
  });

  test("the next page is due when half of the horizon is used, exactly when it says so", () => {
    const queue = opened();
    const at = queue.nextPageAt()!;
    expect(at).toBe(500);
    expect(queue.pageRequest(at - 1)).toBeNull();
    expect(queue.pageRequest(at)).not.toBeNull();
  });

  test("a full page ends at its last hint, and the next begins there", () => {
    const queue = queueOf({ hintsMax: 8, horizonMs: 1_000 });
    const page = [hint("a", 1), hint("b", 2)];
    queue.adoptPage(queue.pageRequest(0)!, page);
    expect(queue.pageRequest(0)!.after).toMatchObject({ dueAt: 2, runId: "b" });
  });

  test("a job beyond the window stays in the store", () => {
    const queue = opened();
    queue.add(hint("far", 5_000));
    expect(queue.size).toBe(0);
  });

  test("a job written while its page is being read is not lost between", () => {
    const queue = opened();
    const request = queue.pageRequest(500)!; // Read from the store now: the job below is not there yet.
    queue.add(hint("between", 1_200));
    queue.batchStored(queue.closeBatch());
    queue.adoptPage(request, []);
    expect(takeAll(queue, 1_200)).toEqual(["between"]);
  });

  test("a job beyond the window is kept until its batch is stored, should a page be read before", () => {
    const queue = opened();
    queue.add(hint("soon", 1_200));
    const batch = queue.closeBatch();
    const request = queue.pageRequest(500)!; // The commit is under way: the page may not show it.
    queue.adoptPage(request, []);
    queue.batchStored(batch);
    expect(takeAll(queue, 1_200)).toEqual(["soon"]);
  });

  test("a job far beyond the window is kept through a page that ends before it, while its batch is not stored", () => {
    const queue = opened();
    queue.add(hint("far", 1_800));
    const batch = queue.closeBatch();
    queue.adoptPage(queue.pageRequest(500)!, []); // Up to 1,500.
    const request = queue.pageRequest(1_000)!; // Up to 2,000; the commit is still under way.
    queue.adoptPage(request, []);
    queue.batchStored(batch);
    expect(takeAll(queue, 1_800)).toEqual(["far"]);
  });

  test("too many timers: the later half goes back to the store and is paged in again", () => {
    const queue = opened({ hintsMax: 8, horizonMs: 1_000 });
    for (let at = 1; at <= 9; at++) queue.add(hint(`r${at}`, at));
    expect(queue.size).toBeLessThanOrEqual(8);
    queue.batchStored(queue.closeBatch());
    const stored = Array.from({ length: 9 }, (_, index) => hint(`r${index + 1}`, index + 1));
    expect(drain(queue, stored, 9)).toEqual(stored.map((job) => job.runId));
  });
});

/** Takes everything that is due, reading pages whenever the queue wants one. */
function drain(queue: JobQueue, stored: readonly JobHint[], now: number): string[] {
  const taken: string[] = [];
  for (let count = 0; count < 50; count++) {
    taken.push(...takeAll(queue, now));
    const request = queue.pageRequest(now);
    if (request !== null) queue.adoptPage(request, pageOf(stored, request));
  }
  return taken;
}

function pageOf(stored: readonly JobHint[], { after, untilAt, limit }: PageRequest): JobHint[] {
  return stored
    .filter((job) => job.dueAt <= untilAt && isAfter(job, after))
    .sort((left, right) => (isAfter(left, right) ? 1 : -1))
    .slice(0, limit);
}

function isAfter(job: JobHint, place: { dueAt: number; runId: string; slot: string }): boolean {
  if (job.dueAt !== place.dueAt) return job.dueAt > place.dueAt;
  return job.runId !== place.runId ? job.runId > place.runId : job.slot > place.slot;
}

type Move =
  | { readonly kind: "write"; readonly inMs: number }
  | { readonly kind: "commit" | "stored" | "read" | "page" }
  | { readonly kind: "pass"; readonly ms: number };

const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), inMs: fc.nat(3_000) }),
  fc.record({ kind: fc.constantFrom("commit" as const, "stored" as const, "read" as const, "page" as const) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(400) }),
);

/**
 * The queue against a list: commits and pages are under way for as long as chance wants, a page shows what was stored
 * when it was read, and what is taken is done. Once everything has settled, every job that is due has come out.
 */
describe("a deep backlog", () => {
  /** A store of due jobs behind a queue of at most 100 hints. */
  function backlog(count: number) {
    const stored = Array.from({ length: count }, (_, index) => {
      const at = index + 1;
      return hint(`r${String(index).padStart(4, "0")}`, at, { orderAt: at });
    });
    const queue = opened();
    queue.release(count);
    let sizeMax = 0;
    for (const job of stored) {
      queue.add(job);
      queue.release(count);
      sizeMax = Math.max(sizeMax, queue.size);
    }
    queue.batchStored(queue.closeBatch());
    return { stored, queue, sizeMax };
  }

  test("of jobs that are due keeps only its head in memory, and brings the rest in order", () => {
    const { stored, queue, sizeMax } = backlog(1_000);
    expect(sizeMax).toBeLessThanOrEqual(101);
    expect(drain(queue, stored, 1_000)).toEqual(stored.map((job) => job.runId));
  });

  test("does not hold up a run that has begun: what comes due for it stays in memory", () => {
    const { queue } = backlog(1_000);
    queue.add(hint("r0000", 1_000, { orderAt: 1, slot: "a-step" }));
    queue.release(1_000);
    expect([queue.next(anyone)!, queue.next(anyone)!].map((next) => next.slot)).toContain("a-step");
  });

  test("of one function leaves the heads of the others in memory", () => {
    const { queue } = backlog(1_000);
    queue.add(hint("other", 1_000, { orderAt: 1_000, functionId: "g" }));
    queue.release(1_000);
    expect([queue.next(anyone)!, queue.next(anyone)!].map((next) => next.runId)).toContain("other");
  });

  test("that shrinks again never moves its window over jobs that only the store knows", () => {
    const { stored, queue } = backlog(1_000);
    const passing = Array.from({ length: 150 }, (_, index) => hint("r0000", 1_000, { orderAt: 1, slot: `s${index}` }));
    for (const job of passing) queue.add(job);
    queue.batchStored(queue.closeBatch());
    const taken = new Set(drain(queue, [...stored, ...passing], 1_000));
    expect(stored.filter((job) => !taken.has(job.runId))).toEqual([]);
  });

  test("of running work alone stays in memory, all of it", () => {
    const queue = opened();
    queue.release(1_000);
    for (let index = 0; index < 2_000; index++) queue.add(hint("old", 0, { slot: `s${index}` }));
    expect(takeAll(queue, 1_000)).toHaveLength(2_000);
  });
});

test("no job is ever lost between the queue and the store", () => {
  const limits = fc.record({ hintsMax: fc.constantFrom(4, 8, 40), horizonMs: fc.constantFrom(500, 2_000) });
  fc.assert(
    fc.property(limits, fc.array(moves, { maxLength: 60 }), (chosen, list) => {
      const world = new QueueWorld(chosen);
      for (const move of list) world.make(move);
      world.settle();
      expect(world.missing()).toEqual([]);
      expect(world.early).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

class QueueWorld {
  readonly early: string[] = [];
  readonly #queue: JobQueue;
  #now = 0;
  #jobs: JobHint[] = [];
  #open: JobHint[] = [];
  #committing: { readonly batch: number; readonly jobs: JobHint[] } | null = null;
  #stored: JobHint[] = [];
  #page: { readonly request: PageRequest; readonly hints: JobHint[] } | null = null;
  readonly #taken = new Set<string>();

  constructor(limits: JobQueueLimits) {
    this.#queue = queueOf(limits);
  }

  make(move: Move): void {
    switch (move.kind) {
      case "write": {
        const job = hint(`r${this.#jobs.length}`, this.#now + move.inMs);
        this.#jobs.push(job);
        this.#open.push(job);
        this.#queue.add(job);
        break;
      }
      case "commit":
        if (this.#committing !== null) break;
        this.#committing = { batch: this.#queue.closeBatch(), jobs: this.#open };
        this.#open = [];
        break;
      case "stored":
        if (this.#committing === null) break;
        this.#stored.push(...this.#committing.jobs);
        this.#queue.batchStored(this.#committing.batch);
        this.#committing = null;
        break;
      case "read": {
        const request = this.#page === null ? this.#queue.pageRequest(this.#now) : null;
        if (request !== null) this.#page = { request, hints: pageOf(this.#rows(), request) };
        break;
      }
      case "page":
        if (this.#page !== null) this.#queue.adoptPage(this.#page.request, this.#page.hints);
        this.#page = null;
        break;
      case "pass":
        this.#now += move.ms;
        this.#take();
    }
  }

  /** Every commit and page arrives, and time passes until all jobs were due. */
  settle(): void {
    for (let count = 0; count < 300; count++) {
      for (const kind of ["page", "commit", "stored", "read", "page"] as const) this.make({ kind });
      this.make({ kind: "pass", ms: 50 });
    }
  }

  missing(): string[] {
    return this.#jobs.filter((job) => !this.#taken.has(job.runId)).map((job) => job.runId);
  }

  #rows(): JobHint[] {
    return this.#stored.filter((job) => !this.#taken.has(job.runId));
  }

  #take(): void {
    this.#queue.release(this.#now);
    for (let next = this.#queue.next(anyone); next !== undefined; next = this.#queue.next(anyone)) {
      if (next.dueAt > this.#now) this.early.push(next.runId);
      this.#taken.add(next.runId);
    }
  }
}
