import { setImmediate as macrotask } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { appOf } from "../../../test/engine-rig.ts";
import { VirtualClock } from "../../embed/virtual-clock.ts";
import { Engine } from "../../engine/engine.ts";
import { SILENT_LOG } from "../../engine/ports.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { createIdSource } from "../../protocol/ids.ts";
import { MemoryStore } from "../../store/memory.ts";
import type { RunRow } from "../../store/store.ts";
import type { OperationFilter, OperationKind } from "./filter.ts";
import type { Operation } from "./operation.ts";
import { createOperations, type Operations, type OperationsPorts } from "./operations.ts";

const START = 1_700_000_000_000;
const ANY: OperationFilter = {
  statuses: null,
  functions: null,
  app: null,
  from: null,
  until: null,
  expression: null,
  text: null,
};
const ALL: OperationFilter = { ...ANY, from: 0 };

/** An engine whose app never answers, and operations on its runs. */
class Rig {
  readonly clock = new VirtualClock(START);
  readonly store = new MemoryStore();
  readonly engine: Engine;
  readonly operations: Operations;
  #events = 0;

  constructor() {
    let chance = 0;
    this.engine = new Engine({
      store: this.store,
      clock: this.clock,
      random: { uint32: () => (chance = (chance + 0x9e3779b9) >>> 0) },
      transport: { call: () => new Promise(() => {}), close: async () => {} },
    });
    this.operations = this.create();
  }

  static async started(): Promise<Rig> {
    const rig = new Rig();
    await rig.engine.start();
    await rig.engine.sync(appOf(), "1");
    return rig;
  }

  create(engine: Partial<OperationsPorts["engine"]> = {}): Operations {
    const { clock, store } = this;
    const own = this.engine;
    return createOperations({
      clock,
      store,
      ids: createIdSource(() => 7),
      log: SILENT_LOG,
      engine: {
        cancelRun: (command) => own.cancelRun(command),
        rerun: (command) => own.rerun(command),
        resumeRun: (command) => own.resumeRun(command),
        putOperation: (operation) => own.putOperation(operation),
        ...engine,
      },
    });
  }

  /** So many open runs, each with its number in its event. */
  async runs(count: number): Promise<string[]> {
    const receipts = await this.engine.receive(
      Array.from({ length: count }, (_, n) => {
        const id = `event-${++this.#events}`;
        const parsed = { data: { n }, id, name: "a", ts: START, user: {} };
        const fields = { id, name: "a", ts: START, receivedAt: START, idempotencyId: null, isInternal: false };
        return { stored: { ...fields, json: JSON.stringify(parsed) }, parsed, mayExist: false };
      }),
    );
    return receipts.flatMap((receipt) => receipt.runIds);
  }

  async endedRuns(count: number): Promise<string[]> {
    const ids = await this.runs(count);
    for (const runId of ids) await this.engine.cancelRun({ runId, reason: "" });
    return ids;
  }

  rows(filter: { readonly statuses?: readonly RunRow["status"][] } = {}): Promise<RunRow[]> {
    return this.store.listRuns({ env: "default", limit: 10_000, ...filter });
  }

  async cancelled(): Promise<string[]> {
    return (await this.rows({ statuses: ["cancelled"] })).map((row) => row.id).sort();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) await macrotask();
  }

  /** The operation when it has ended. */
  async ended({ id }: Operation): Promise<Operation> {
    for (let turn = 0; turn < 5_000; turn++) {
      const operation = await this.operations.get(id);
      if (operation?.status !== "running") return operation!;
      await macrotask();
    }
    throw new Error(`it never ended: ${JSON.stringify(await this.operations.get(id))}`);
  }
}

const cancel = (filter: OperationFilter) => ({ kind: "cancel", filter, perSecond: null }) as const;
const replay = (filter: OperationFilter, perSecond: number | null = null) =>
  ({ kind: "replay", filter, perSecond }) as const;

describe("cancelling by filter", () => {
  test("cancels what matches and nothing else, page by page", async () => {
    const rig = await Rig.started();
    const runs = await rig.runs(250);
    const { slug } = rig.engine.apps.activeFunctions()[0]!;
    const filter = { ...ANY, functions: [slug], expression: "event.data.n < 230" };
    const started = await rig.operations.start(cancel(filter));
    expect(started).toMatchObject({ status: "running", progress: { total: null, done: 0 } });
    const ended = await rig.ended(started);
    expect(ended).toMatchObject({ status: "completed", progress: { total: 230, done: 230, failed: 0, skipped: 0 } });
    expect(await rig.cancelled()).toEqual(runs.slice(0, 230).sort());
  });

  test("goes by a text as the list of runs does: in what a run carries, or in its function's name", async () => {
    const rig = await Rig.started();
    const runs = await rig.runs(12);
    const { name } = rig.engine.apps.activeFunctions()[0]!;
    const operation = await rig.operations.start(cancel({ ...ANY, text: '"N":7' }));
    expect(await rig.ended(operation)).toMatchObject({ progress: { total: 1, done: 1 } });
    expect(await rig.cancelled()).toEqual([runs[7]]);
    expect(await rig.operations.preview(cancel({ ...ANY, text: name }))).toMatchObject({ count: 11 });
    expect(await rig.operations.preview(cancel({ ...ANY, text: "nowhere" }))).toMatchObject({ count: 0 });
  });

  test("leaves runs alone that were created after it began", async () => {
    const rig = await Rig.started();
    const before = await rig.runs(3);
    const operation = await rig.operations.start(cancel(ALL));
    await rig.runs(3);
    expect(await rig.ended(operation)).toMatchObject({ progress: { done: 3 } });
    expect(await rig.cancelled()).toEqual(before.sort());
  });

  test("counts a run that ended meanwhile as skipped", async () => {
    const rig = await Rig.started();
    const [quick] = await rig.runs(3);
    const operations = rig.create({
      async cancelRun(command) {
        if (command.runId === quick) await rig.engine.cancelRun(command);
        return rig.engine.cancelRun(command);
      },
    });
    const ended = await rig.ended(await operations.start(cancel(ALL)));
    expect(ended.progress).toMatchObject({ total: 3, done: 2, skipped: 1 });
  });

  test("waits where the engine cannot take it, and counts each run once", async () => {
    const rig = await Rig.started();
    await rig.runs(3);
    let isFirst = true;
    const operations = rig.create({
      async cancelRun(command) {
        const answer = await rig.engine.cancelRun(command);
        if (!isFirst) return answer;
        isFirst = false;
        throw new StepwellError("store_busy", { path: "db" }); // It was stored, but nobody knows.
      },
    });
    const operation = await operations.start(cancel(ALL));
    await rig.settle();
    rig.clock.moveTo(START + 1_000);
    expect((await rig.ended(operation)).progress).toMatchObject({ done: 3, skipped: 0 });
  });

  test("of nothing is done at once", async () => {
    const rig = await Rig.started();
    const ended = await rig.ended(await rig.operations.start(cancel(ALL)));
    expect(ended).toMatchObject({ status: "completed", progress: { done: 0 } });
  });
});

describe("replaying by filter", () => {
  test("starts a run for each, and none for those that it started", async () => {
    const rig = await Rig.started();
    const runs = await rig.endedRuns(45);
    const ended = await rig.ended(await rig.operations.start(replay(ALL)));
    expect(ended).toMatchObject({ status: "completed", progress: { total: 45, done: 45 } });
    const originals = (await rig.rows()).flatMap((row) => row.originalRunId ?? []);
    expect(originals.sort()).toEqual(runs.sort());
  });

  test("starts none twice when its progress was lost", async () => {
    const rig = await Rig.started();
    await rig.endedRuns(45);
    let isNew = true;
    const lost = rig.create({
      async putOperation(operation) {
        if (isNew) await rig.engine.putOperation(operation);
        isNew = false;
      },
    });
    const operation = await lost.start(replay(ALL));
    await rig.settle();
    expect(await rig.rows()).toHaveLength(90);
    expect(await rig.operations.get(operation.id)).toMatchObject({ status: "running", progress: { done: 0 } });
    await rig.operations.resume();
    expect(await rig.ended(operation)).toMatchObject({ status: "completed", progress: { done: 45 } });
    expect(await rig.rows()).toHaveLength(90);
  });

  test("keeps to its rate", async () => {
    const rig = await Rig.started();
    await rig.endedRuns(8);
    const operation = await rig.operations.start(replay(ALL, 2));
    const done = async () => (await rig.operations.get(operation.id))!.progress.done;
    await rig.settle();
    expect(await done()).toBe(1);
    for (let ms = 100; ms <= 1_900; ms += 100) {
      rig.clock.moveTo(START + ms);
      await rig.settle();
    }
    expect(await done()).toBe(4);
  });

  test("tells how many could not be replayed, and why", async () => {
    const rig = await Rig.started();
    await rig.endedRuns(2);
    await rig.engine.sync({ ...appOf(), functions: [] }, "2");
    const ended = await rig.ended(await rig.operations.start(replay(ALL)));
    expect(ended.progress).toMatchObject({ done: 0, failed: 2, lastError: expect.stringContaining("not served") });
  });
});

describe("resuming by filter", () => {
  test("takes up each failed run, once", async () => {
    const rig = await Rig.started();
    await rig.runs(3);
    const asked: string[] = [];
    const row = (await rig.rows())[0]!;
    rig.store.searchRuns = async ({ before }) => {
      return { rows: before === undefined || before > row.id ? [{ ...row, status: "failed" }] : [], next: null };
    };
    const operations = rig.create({
      async resumeRun({ runId }) {
        asked.push(runId);
        return { kind: "started", runId, eventId: null };
      },
    });
    const ended = await rig.ended(await operations.start({ kind: "resume", filter: ALL, perSecond: null }));
    expect(ended).toMatchObject({ status: "completed", progress: { done: 1, failed: 0 } });
    expect(asked).toEqual([row.id]);
  });
});

describe("an operation", () => {
  test("that is cancelled stops where it is, once", async () => {
    const rig = await Rig.started();
    await rig.endedRuns(5);
    const { id } = await rig.operations.start(replay(ALL, 1));
    await rig.settle();
    expect(await rig.operations.cancel(id)).toMatchObject({ status: "cancelled", progress: { done: 1 } });
    expect(await rig.operations.get(id)).toMatchObject({ status: "cancelled", endedAt: START });
    await expect(rig.operations.cancel(id)).rejects.toMatchObject({ code: "operation_ended" });
    await expect(rig.operations.cancel("nobody")).rejects.toMatchObject({ code: "not_found" });
    expect(await rig.rows()).toHaveLength(6);
  });

  test("goes on after a restart where it was", async () => {
    const rig = await Rig.started();
    await rig.endedRuns(5);
    const operation = await rig.operations.start(replay(ALL, 1));
    await rig.settle();
    await rig.operations.stop();
    expect(await rig.operations.get(operation.id)).toMatchObject({
      status: "running",
      progress: { done: 1, total: 5 },
    });
    const asked: string[] = [];
    const next = rig.create({
      rerun(command) {
        asked.push(command.runId);
        return rig.engine.rerun(command);
      },
    });
    await next.resume();
    for (let second = 1; second <= 5; second++) {
      await rig.settle();
      rig.clock.moveTo(START + second * 1_000);
    }
    expect(await rig.ended(operation)).toMatchObject({ status: "completed", progress: { done: 5 } });
    expect(asked).toHaveLength(4);
  });

  test("that cannot be stored tries again", async () => {
    const rig = await Rig.started();
    await rig.runs(1);
    let fails = 0;
    const operations = rig.create({
      async putOperation(operation) {
        if (operation.status === "completed" && ++fails === 1) throw new StepwellError("store_busy", { path: "db" });
        return rig.engine.putOperation(operation);
      },
    });
    const operation = await operations.start(cancel(ALL));
    await rig.settle();
    expect(await rig.operations.get(operation.id)).toMatchObject({ status: "running" });
    rig.clock.moveTo(START + 1_000);
    expect(await rig.ended(operation)).toMatchObject({ status: "completed", endedAt: START, progress: { done: 1 } });
  });

  test("is one of twenty at most", async () => {
    const rig = await Rig.started();
    await rig.endedRuns(2);
    for (let n = 0; n < 20; n++) await rig.operations.start(replay(ALL, 1));
    await expect(rig.operations.start(replay(ALL, 1))).rejects.toMatchObject({ code: "too_many_operations" });
    await rig.operations.stop();
  });
});

describe("a preview", () => {
  test("counts what the operation would be about, and does nothing", async () => {
    const rig = await Rig.started();
    await rig.runs(120);
    await rig.endedRuns(2);
    expect(await rig.operations.preview(cancel(ALL))).toEqual({ count: 120, isMore: false });
    expect(await rig.operations.preview(replay(ALL))).toEqual({ count: 2, isMore: false });
    expect(await rig.operations.preview(cancel({ ...ANY, expression: "event.data.n < 20" }))).toMatchObject({
      count: 20,
    });
    expect(await rig.cancelled()).toHaveLength(2);
  });

  test("counts no further than its limit", async () => {
    const rig = await Rig.started();
    await rig.runs(1);
    const [row] = await rig.rows();
    rig.store.countRuns = async ({ limit }) => ({ count: Math.min(limit, 4_000), next: row!.id });
    expect(await rig.operations.preview(cancel(ALL))).toEqual({ count: 10_000, isMore: true });
  });
});

describe("a filter is refused", () => {
  const refused = async (kind: OperationKind, filter: Partial<OperationFilter>, code: string) => {
    const rig = await Rig.started();
    const request = { kind, filter: { ...ANY, ...filter }, perSecond: null };
    await expect(rig.operations.start(request)).rejects.toMatchObject({ code });
    await expect(rig.operations.preview(request)).rejects.toMatchObject({ code });
    expect(await rig.operations.list(10)).toEqual([]);
  };
  test("that names nothing", () => refused("cancel", {}, "body_invalid"));
  test("of ended runs to cancel", () => refused("cancel", { statuses: ["failed"] }, "body_invalid"));
  test("of open runs to replay", () => refused("replay", { statuses: ["failed", "running"] }, "body_invalid"));
  test("that ends before it begins", () => refused("replay", { from: 2, until: 1 }, "body_invalid"));
  test("with an expression that is none", () => refused("cancel", { expression: "event." }, "expression_invalid"));
  test("of runs to resume that have not failed", () => refused("resume", { statuses: ["completed"] }, "body_invalid"));
  test("of an unknown function", () => refused("cancel", { functions: ["nobody"] }, "not_found"));
  test("of an unknown app", () => refused("cancel", { app: "nobody" }, "not_found"));
});
