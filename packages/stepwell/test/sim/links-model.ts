/**
 * The reference model of parents and children.
 *
 *   IV1. A step that invokes has exactly one child, stored with it: it knows its child, the child knows the step and is one
 *        invoke deeper; or it has joined the run that was started for the same before. Only a resume that takes the step's
 *        error away gives it another, or one of a run whose end cancelled the child, or whose child retention has taken.
 *   IV2. The step gets what its child ended with: with the child's end, or by a message that is stored with it. Never before,
 *        never of another run.
 *   IV3. What cannot start is answered in the commit that opens the step, with a code.
 *   IV4. Patience with a child is over when it is over, not before; the child goes on.
 *   IV5. The open children of a run that is cancelled, or whose time is over, are cancelled where the step said so, with it
 *        or by a message; no other run is cancelled for its parent.
 */
import type { InboxContent } from "../../src/core/inbox.ts";
import type { BatchRecords, RunRecord, StepRecord } from "../../src/store/records.ts";
import { isOver, type Ledger } from "./ledger.ts";

export interface LinksWorld {
  fail(rule: string, what: string): void;
  /** How long a step waits for its child. */
  patienceMs(functionId: string, stepName: string): number;
}

interface Memo {
  readonly data?: unknown;
  readonly error?: { readonly code?: string; readonly message?: string };
}

const REFUSALS: ReadonlySet<string> = new Set([
  "function_not_found",
  "function_paused",
  "invoke_too_deep",
  "function_rate_limited",
  "function_skipped",
  "function_backlog_full",
  "function_deduplicated",
  "invoke_blocked",
]);

export class LinksModel {
  readonly #ledger: Ledger;
  readonly #world: LinksWorld;
  /** The child that each open step waits for, by run and slot. */
  readonly #open = new Map<string, string>();
  /** Children of each step, ever. */
  readonly #children = new Map<string, string[]>();
  readonly #known = new Set<string>();
  /** How often a resume took the step's result away. */
  readonly #taken = new Map<string, number>();
  #cancelled: RunRecord[] = [];

  constructor(ledger: Ledger, world: LinksWorld) {
    this.#ledger = ledger;
    this.#world = world;
  }

  before(records: BatchRecords): void {
    for (const { runId, id, memo } of records.steps) {
      const key = `${runId} ${id}`;
      if (memo === null && this.#ledger.memoOf(runId, id) !== undefined)
        this.#taken.set(key, (this.#taken.get(key) ?? 0) + 1);
    }
    this.#cancelled = records.runs.filter((run) => {
      const before = this.#ledger.runs.get(run.id);
      const isEnding = before === undefined || !isOver(before.status);
      return isEnding && (run.status === "cancelled" || run.reason === "timed_out");
    });
  }

  after(records: BatchRecords): void {
    for (const run of records.runs) this.#begun(run);
    for (const step of records.steps) if (step.kind === "invoke") this.#checkStep(step);
    for (const run of this.#cancelled) this.#checkCascade(run);
    for (const run of records.runs) this.#checkReason(run);
    for (const [key, child] of this.#open) this.#checkWaiting(key, child);
  }

  #begun(run: RunRecord): void {
    if (run.parent === null || this.#known.has(run.id)) return;
    this.#known.add(run.id);
    const { runId, slot, depth } = run.parent;
    const key = `${runId} ${slot}`;
    const children = [...(this.#children.get(key) ?? []), run.id];
    this.#children.set(key, children);
    const parent = this.#ledger.runs.get(runId);
    const say = (what: string) => this.#world.fail("IV1", `run ${run.id}, child of ${key}: ${what}`);
    if (parent === undefined) {
      say("there is no such run");
      return;
    }
    const { runs, gone } = this.#ledger;
    const isNoMore = (id: string) => gone.has(id) || runs.get(id)?.reason === "cancelled_by_parent";
    const allowed = 1 + (this.#taken.get(key) ?? 0) + children.filter(isNoMore).length;
    if (children.length > allowed) say(`the children of the step are ${children.join(" and ")}`);
    if (this.#ledger.steps.get(runId)?.get(slot)?.childRunId !== run.id) say("the step does not know it");
    if (depth !== (parent.parent?.depth ?? 0) + 1) say(`it is ${depth} deep`);
  }

  #checkStep(step: StepRecord): void {
    const key = `${step.runId} ${step.id}`;
    const isCopied = this.#ledger.isCopied(step);
    if (isCopied || this.#ledger.resultsBefore.has(key)) return;
    const run = this.#ledger.runs.get(step.runId)!;
    const child = step.childRunId === null ? undefined : this.#ledger.runs.get(step.childRunId);
    if (step.status === "waiting") {
      const isJoined = child?.notes?.joined?.some((one) => one.runId === step.runId && one.slot === step.id) === true;
      if (!isJoined && (child?.parent?.runId !== step.runId || child.parent.slot !== step.id))
        this.#world.fail("IV1", `${step.name} of ${step.runId} waits for ${step.childRunId}, which is not its child`);
      if (!isOver(run.status)) this.#open.set(key, step.childRunId ?? "");
    }
    if (step.memo === null) return;
    const awaited = this.#open.get(key);
    this.#open.delete(key);
    this.#checkResult(step, step.memo, awaited);
  }

  #checkResult(step: StepRecord, memo: string, awaited: string | undefined): void {
    const { fail } = this.#world;
    const say = (rule: string, what: string) => fail(rule, `${step.name} of ${step.runId} has ${memo}: ${what}`);
    const { data, error } = JSON.parse(memo) as Memo;
    if (step.status === "timed_out") {
      const { functionId } = this.#ledger.runs.get(step.runId)!;
      const timeout = (step.startedAt ?? 0) + this.#world.patienceMs(functionId, step.name);
      if (error?.code !== "invoke_timeout" || (step.endedAt ?? 0) < timeout) say("IV4", `its time was ${timeout}`);
      return;
    }
    if (awaited === undefined && error?.code !== undefined && REFUSALS.has(error.code)) return; // IV3
    const child = this.#ledger.runs.get(step.childRunId ?? "");
    if (child === undefined || !isOver(child.status)) {
      say("IV2", `its child is ${child?.status}`);
      return;
    }
    const own = JSON.parse(child.error ?? "{}") as { message?: string };
    const isRight =
      child.status === "completed"
        ? error === undefined && JSON.stringify(data) === JSON.stringify(JSON.parse(child.output ?? "null"))
        : child.status === "failed"
          ? error?.message === own.message
          : error?.code === (child.status === "skipped" ? "invoke_skipped" : "invoke_cancelled");
    // A child that failed may have been resumed since; its first end is what counts.
    const isResumed = (child.notes?.resumes ?? 0) > 0;
    if (!isRight && !isResumed) say("IV2", `its child ${child.status} with ${child.output ?? child.error}`);
  }

  /** A step whose child has ended has its result, or a message with it is on its way. */
  #checkWaiting(key: string, childId: string): void {
    const [runId, slot] = key.split(" ") as [string, string];
    if (isOver(this.#ledger.runs.get(runId)!.status)) {
      this.#open.delete(key);
      return;
    }
    const child = this.#ledger.runs.get(childId);
    if (child === undefined || !isOver(child.status)) return;
    if (!this.#isSaid((content) => content.kind === "child_ended" && content.runId === runId && content.slot === slot))
      this.#world.fail("IV2", `${key} still waits for ${childId}, which is ${child.status}`);
  }

  #checkCascade(parent: RunRecord): void {
    for (const step of this.#ledger.steps.get(parent.id)?.values() ?? []) {
      if (step.kind !== "invoke" || step.memo !== null || step.childRunId === null) continue;
      const child = this.#ledger.runs.get(step.childRunId);
      if (child !== undefined && (child.parent?.runId !== parent.id || child.parent.slot !== step.id)) continue; // Joined.
      const isWanted = child?.parent?.onCancel === "cancel";
      if (isWanted !== (step.options ?? "").includes('"on_parent_cancel":"cancel"'))
        this.#world.fail("IV5", `${child?.id} and ${step.name} of ${parent.id} do not agree on what a cancel means`);
      if (child === undefined || !isWanted || isOver(child.status)) continue;
      if (!this.#isSaid((content) => content.kind === "cancel" && content.runId === child.id))
        this.#world.fail("IV5", `run ${parent.id} was cancelled and its child ${child.id} was not`);
    }
  }

  #checkReason(run: RunRecord): void {
    if (run.reason !== "cancelled_by_parent" || this.#ledger.endedBefore.has(run.id)) return;
    const parent = run.parent === null ? undefined : this.#ledger.runs.get(run.parent.runId);
    const isCancelled = parent?.status === "cancelled" || parent?.reason === "timed_out";
    const isResumed = (parent?.notes?.resumes ?? 0) > 0;
    if (run.parent?.onCancel !== "cancel" || (!isCancelled && !isResumed))
      this.#world.fail("IV5", `run ${run.id} was cancelled for its parent, which is ${parent?.status}`);
  }

  #isSaid(isIt: (content: InboxContent) => boolean): boolean {
    for (const { message } of this.#ledger.messages.values()) if (isIt(message.content)) return true;
    return false;
  }
}
