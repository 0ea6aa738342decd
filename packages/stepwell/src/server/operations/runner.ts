/**
 * One operation under way: walks through its runs, acts on each, and stores how far it is.
 *
 *   RU1. Progress is stored after every portion. What a crash made unknown is asked again: a replay starts no run twice
 *        (the engine remembers the operation and the run), and a run that was cancelled is found ended or not at all.
 *   RU2. At most `perSecond` runs begin in a second, in portions spread over it.
 *   RU3. A store or engine that fails for a while makes it wait and go on from where it is; only cancelling ends it early.
 *   RU4. Leaving because the server stops stores nothing: the operation goes on at the next start.
 */
import type { StoredOperation } from "../../core/batch.ts";
import type { Instant } from "../../core/instant.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Clock, EngineLog } from "../../engine/ports.ts";
import { errorMessage, isStepwellError } from "../../protocol/errors.ts";
import type { Store } from "../../store/store.ts";
import type { OperationKind } from "./filter.ts";
import { type Operation, operationRow, type Progress } from "./operation.ts";
import { countRuns, scanRuns } from "./scan.ts";

export interface RunnerPorts {
  readonly engine: Pick<Engine, "cancelRun" | "rerun" | "resumeRun" | "putOperation">;
  readonly store: Pick<Store, "searchRuns" | "countRuns">;
  readonly clock: Clock;
  readonly log: EngineLog;
}

/** Runs on which it acts at once: their commits go together. A replay loads each with its state. */
const PORTION_MAX: Readonly<Record<OperationKind, number>> = { cancel: 100, replay: 20, resume: 20 };
const PORTIONS_PER_SECOND = 10;
const RETRY_MS = 1_000;

/** `left`: somebody wants the operation to end before the engine could take the run. */
type Verdict =
  | { readonly result: "done" | "skipped" | "left" }
  | { readonly result: "failed"; readonly reason: string };

export class Runner {
  readonly #ports: RunnerPorts;
  readonly #portion: number;
  #operation: Operation;
  #leaving: "cancel" | "stop" | null = null;
  readonly #sleepers = new Set<() => void>();
  #nextAt: Instant = 0;
  /** Settles when it has ended or left. Never rejects. */
  readonly ended: Promise<void>;

  constructor(ports: RunnerPorts, operation: Operation) {
    this.#ports = ports;
    this.#operation = operation;
    const { kind, perSecond } = operation;
    const spread = Math.ceil((perSecond ?? Number.POSITIVE_INFINITY) / PORTIONS_PER_SECOND);
    this.#portion = Math.min(PORTION_MAX[kind], spread);
    this.ended = this.#live();
  }

  get operation(): Operation {
    return this.#operation;
  }

  /** Ends it after the portion that is under way. Resolves when that is stored. */
  async cancel(): Promise<Operation> {
    this.#leave("cancel");
    await this.ended;
    return this.#operation;
  }

  /** Leaves it as it is, after the portion that is under way (RU4). */
  async stop(): Promise<void> {
    this.#leave("stop");
    await this.ended;
  }

  #leave(how: "cancel" | "stop"): void {
    if (this.#leaving !== "stop") this.#leaving = how;
    for (const wake of this.#sleepers) wake();
  }

  async #live(): Promise<void> {
    for (;;) {
      try {
        const isThrough = this.#operation.status !== "running" || (await this.#work());
        if (!isThrough && this.#leaving === "stop") return; // RU4
        await this.#end(isThrough ? "completed" : "cancelled");
        return;
      } catch (error) {
        if (this.#leaving === "stop" || codeOf(error) === "server_stopping") return; // RU4
        const { id } = this.#operation;
        this.#ports.log.warn("an operation waits", { operation: id, error: String(error), retryMs: RETRY_MS });
        // RU3. Not even cancelling hurries it: a store that fails is not asked more often for that.
        await this.#sleepUntil(this.#ports.clock.now() + RETRY_MS, (how) => how === "stop");
      }
    }
  }

  /** True when every run has been looked at, false when it left before. */
  async #work(): Promise<boolean> {
    const { choice, progress } = this.#operation;
    if (progress.cursor === null) return true;
    if (progress.total === null) await this.#count(progress.cursor);
    for await (const page of scanRuns(this.#ports, choice, progress.cursor)) {
      for (let from = 0; from < page.runIds.length; from += this.#portion) {
        if (this.#nextAt > this.#ports.clock.now()) await this.#sleepUntil(this.#nextAt); // RU2
        if (this.#leaving !== null) return false;
        const portion = page.runIds.slice(from, from + this.#portion);
        const isLast = from + this.#portion >= page.runIds.length;
        await this.#act(portion, isLast ? page.cursor : portion.at(-1)!);
      }
      if (page.runIds.length === 0) await this.#advance({ cursor: page.cursor });
      if (this.#leaving !== null) return false;
    }
    return true;
  }

  async #count(before: string): Promise<void> {
    const { count, isMore } = await countRuns(
      this.#ports,
      this.#operation.choice,
      before,
      () => this.#leaving !== null,
    );
    if (this.#leaving === null) await this.#advance({ total: count, isTotalMore: isMore });
  }

  async #act(runIds: readonly string[], cursor: string): Promise<void> {
    const { perSecond } = this.#operation;
    if (perSecond !== null) this.#nextAt = this.#ports.clock.now() + (runIds.length / perSecond) * 1_000;
    const verdicts = await Promise.all(runIds.map((runId) => this.#settle(runId)));
    const count = (result: Verdict["result"]) => verdicts.filter((verdict) => verdict.result === result).length;
    const { done, failed, skipped, lastError } = this.#operation.progress;
    await this.#advance({
      done: done + count("done"),
      failed: failed + count("failed"),
      skipped: skipped + count("skipped"),
      lastError: verdicts.findLast((verdict) => verdict.result === "failed")?.reason ?? lastError,
      cursor,
    });
  }

  /** Memory goes ahead of the store: when storing fails, the work of a portion is not done again by this process. */
  #advance(change: Partial<Progress>): Promise<void> {
    this.#operation = { ...this.#operation, progress: { ...this.#operation.progress, ...change } };
    return this.#save();
  }

  #end(status: StoredOperation["status"]): Promise<void> {
    if (this.#operation.status === "running") {
      this.#operation = { ...this.#operation, status, endedAt: this.#ports.clock.now() };
    }
    return this.#save();
  }

  #save(): Promise<void> {
    return this.#ports.engine.putOperation(operationRow(this.#operation)); // RU1
  }

  /** Acts on a run, again and again while the engine cannot take it. */
  async #settle(runId: string): Promise<Verdict> {
    for (let isRepeated = false; ; isRepeated = true) {
      try {
        return await this.#do(runId, isRepeated);
      } catch (error) {
        const code = codeOf(error);
        if (code === "server_stopping" || this.#leaving === "stop") throw error; // RU4
        if (this.#leaving === "cancel") return { result: "left" };
        const isPassing = code === "server_overloaded" || code?.startsWith("store_") === true;
        if (!isPassing) return { result: "failed", reason: String(error) };
        await this.#sleepUntil(this.#ports.clock.now() + RETRY_MS); // RU3
      }
    }
  }

  #do(runId: string, isRepeated: boolean): Promise<Verdict> {
    const { kind } = this.#operation;
    if (kind === "cancel") return this.#cancelRun(runId, isRepeated);
    return kind === "replay" ? this.#replay(runId) : this.#resume(runId, isRepeated);
  }

  async #cancelRun(runId: string, isRepeated: boolean): Promise<Verdict> {
    const reason = `cancelled by operation ${this.#operation.id}`;
    const { outcome, status } = await this.#ports.engine.cancelRun({ runId, reason });
    // The first time its outcome was unknown: it was this that cancelled it.
    const isDone = outcome === "cancelled" || (isRepeated && status === "cancelled");
    return { result: isDone ? "done" : "skipped" };
  }

  async #replay(runId: string): Promise<Verdict> {
    const answer = await this.#ports.engine.rerun({ runId, fromStep: null, operationId: this.#operation.id });
    if (answer.kind !== "refused") return { result: "done" };
    if (answer.code === "not_found") return { result: "skipped" };
    return { result: "failed", reason: errorMessage(answer.code, answer.details) };
  }

  async #resume(runId: string, isRepeated: boolean): Promise<Verdict> {
    const answer = await this.#ports.engine.resumeRun({ runId });
    if (answer.kind !== "refused") return { result: "done" };
    if (answer.code === "not_found") return { result: "skipped" };
    // It does not stand failed any more. The first time its outcome was unknown: it was this that resumed it.
    if (answer.code === "run_not_failed") return { result: isRepeated ? "done" : "skipped" };
    return { result: "failed", reason: errorMessage(answer.code, answer.details) };
  }

  /** Until the instant, or until somebody wants it to leave in a way that ends the sleep. */
  async #sleepUntil(instant: Instant, isEndedBy: (how: "cancel" | "stop") => boolean = () => true): Promise<void> {
    const { clock } = this.#ports;
    while (clock.now() < instant && !(this.#leaving !== null && isEndedBy(this.#leaving))) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          callOff();
          this.#sleepers.delete(wake);
          resolve();
        };
        const callOff = clock.at(instant, wake);
        this.#sleepers.add(wake);
      });
    }
  }
}

function codeOf(error: unknown): string | null {
  return isStepwellError(error) ? error.code : null;
}
