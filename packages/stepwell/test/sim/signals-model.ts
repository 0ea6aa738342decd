/**
 * The reference model of signals. Everybody who sends one sends data of his own, so each can be followed.
 *
 *   SG1. A signal has at most one waiter at a time.
 *   SG2. What was sent reaches at most one step, and one that waits for that signal.
 *   SG3. A signal that is sent while somebody waits reaches the waiter; otherwise it is kept, if that was asked for.
 *   SG4. Who begins to wait for a signal that is kept gets it at once, and it is kept no longer.
 *   SG5. A run fails for a conflict only where another step waits for the signal.
 *   SG6. A wait for a signal ends with nothing only when its time is over.
 */
import type { BatchRecords, RunRecord, StepRecord } from "../../src/store/records.ts";
import { isOver, type Ledger } from "./ledger.ts";
import type { SignalNode } from "./program.ts";

export interface SignalsWorld {
  fail(rule: string, what: string): void;
  signalOf(functionId: string, stepName: string): SignalNode | undefined;
}

interface Waiter {
  readonly runId: string;
  readonly slot: string;
  readonly armedAt: number;
}

export class SignalsModel {
  readonly #ledger: Ledger;
  readonly #world: SignalsWorld;
  readonly #receivers = new Map<string, string>();
  #waiters = new Map<string, Waiter>();
  /** Messages that are acted on in this commit: signal and data. */
  #sent: { readonly signal: string; readonly data: string; readonly isKept: boolean }[] = [];
  #kept = new Map<string, { readonly data: string; readonly expiresAt: number }>();

  constructor(ledger: Ledger, world: SignalsWorld) {
    this.#ledger = ledger;
    this.#world = world;
  }

  before(records: BatchRecords): void {
    this.#waiters = this.#findWaiters();
    this.#sent = [];
    for (const id of records.deletedMessages) {
      const content = this.#ledger.messages.get(id)?.message.content;
      if (content?.kind !== "signal") continue;
      const { signal, data, ttlMs } = content;
      this.#sent.push({ signal, data, isKept: ttlMs !== null && ttlMs > 0 });
    }
    this.#kept = new Map();
    for (const { kind, key, value, expiresAt } of this.#ledger.flow.values())
      if (kind === "signal") this.#kept.set(key, { data: value, expiresAt });
  }

  after(records: BatchRecords): void {
    const now = this.#findWaiters();
    for (const step of records.steps) if (step.kind === "signal") this.#checkStep(step, records);
    for (const run of records.runs) this.#checkConflict(run, records);
    for (const { signal, data, isKept } of this.#sent) {
      const before = this.#waiters.get(signal);
      const after = now.get(signal);
      const isStill = before !== undefined && before.runId === after?.runId && before.slot === after.slot;
      if (isStill)
        this.#world.fail("SG3", `${signal} was sent and ${before.slot} of ${before.runId} still waits for it`);
      const isPut = records.flow.some((fact) => fact.kind === "signal" && fact.key === signal && fact.value === data);
      // One is kept at a time: another one of this commit may have taken its place, and somebody that one.
      const isAlone =
        !this.#isGiven(signal, records) && this.#sent.every((other) => other.data === data || other.signal !== signal);
      const mustBeKept = isKept && isAlone && before === undefined && after === undefined;
      if (mustBeKept && !isPut && !this.#receivers.has(data))
        this.#world.fail("SG3", `${signal} with ${data} was sent while nobody waited, and it is not kept`);
    }
    for (const { kind, key } of records.deletedFlow) {
      // Perhaps another one, that was sent within this commit and took the place of the one that was kept.
      if (kind === "signal" && this.#kept.has(key) && !this.#isGiven(key, records))
        this.#world.fail("SG4", `${key} is not kept any more, and nobody got it`);
    }
  }

  #isGiven(signal: string, records: BatchRecords): boolean {
    return records.steps.some((step) => step.memo?.includes(`"signal":"${signal}"`));
  }

  #findWaiters(): Map<string, Waiter> {
    const waiters = new Map<string, Waiter>();
    for (const waits of this.#ledger.waits.values()) {
      for (const { kind, name, runId, slot, armedAt } of waits.values()) {
        if (kind !== "signal") continue;
        const other = waiters.get(name);
        if (other !== undefined)
          this.#world.fail("SG1", `${slot} of ${runId} and ${other.slot} of ${other.runId} wait for ${name}`);
        waiters.set(name, { runId, slot, armedAt });
      }
    }
    return waiters;
  }

  #checkStep(step: StepRecord, records: BatchRecords): void {
    const { fail } = this.#world;
    const key = `${step.runId} ${step.id}`;
    const run = this.#ledger.runs.get(step.runId)!;
    const node = this.#world.signalOf(run.functionId, step.name);
    if (node === undefined || this.#ledger.isCopied(step) || this.#ledger.resultsBefore.has(key)) return;
    const kept = this.#kept.get(node.signal);
    const isNew = step.queuedAt === step.startedAt && !this.#waited(step);
    const isThere = kept !== undefined && kept.expiresAt > step.queuedAt;
    const isTaken = records.deletedFlow.some((fact) => fact.kind === "signal" && fact.key === node.signal);
    if (isNew && isThere && !isTaken && !isOver(run.status))
      fail("SG4", `${step.name} of ${run.id} did not get ${node.signal}, which is kept until ${kept.expiresAt}`);
    if (step.memo === null) return;
    if (step.memo === "null") {
      const endedAt = step.endedAt ?? 0;
      if (step.status !== "timed_out" || endedAt < step.queuedAt + node.timeoutMs)
        fail("SG6", `${step.name} of ${run.id} got nothing at ${endedAt}, begun at ${step.queuedAt}`);
      return;
    }
    const { data } = JSON.parse(step.memo) as { data: { data: string; signal: string } };
    const text = JSON.stringify(data.data);
    const other = this.#receivers.get(text);
    if (other !== undefined) fail("SG2", `${other} and ${key} both got ${text} of ${data.signal}`);
    if (data.signal !== node.signal) fail("SG2", `${key} waits for ${node.signal} and got ${data.signal}`);
    this.#receivers.set(text, key);
  }

  /** True for a step that was open before this commit. */
  #waited(step: StepRecord): boolean {
    return this.#seen.has(`${step.runId} ${step.id}`) || !this.#seen.add(`${step.runId} ${step.id}`);
  }
  readonly #seen = new Set<string>();

  #checkConflict(run: RunRecord, records: BatchRecords): void {
    if (run.error === null || this.#ledger.endedBefore.has(run.id)) return;
    const { code, message } = JSON.parse(run.error) as { code?: string; message?: string };
    const steps = [...(this.#ledger.steps.get(run.id)?.values() ?? [])];
    const isOfChild = steps.some((step) => step.kind === "invoke" && step.memo?.includes("signal_conflict"));
    if (code !== "signal_conflict" || isOfChild) return;
    const isWaited = [...this.#waiters.keys()].some((signal) => message?.includes(signal));
    const isOpened = records.steps.some((step) => step.kind === "signal" && step.options?.includes("sig/"));
    if (!isWaited && !isOpened)
      this.#world.fail("SG5", `run ${run.id} failed for a conflict and nobody waited: ${message}`);
  }
}
