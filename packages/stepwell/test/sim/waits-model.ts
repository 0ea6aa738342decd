/**
 * The reference model of waits for events and of cancel rules: small, slow, over the history of commits. It knows neither
 * index entries nor lanes nor what is in memory; conditions are plain code (conditions.ts).
 *
 *   WT1. A wait ends with an event only if that event was applied (stored, or its message acted on) in the same commit,
 *        after the wait was armed, has one of the names, fulfils the condition, and did not start the run; of several
 *        the first.
 *   WT2. An event resumes every wait that was armed before it and that it fulfils.
 *   WT3. A wait that looks back ends with the earliest event since its run began, if there is one.
 *   WT4. A wait ends with nothing only when its time is over.
 *   WT6. Events are received and runs are made in the order of their stamps, whatever the clock does.
 *   WT5. Where the end of a run is waited for, its event is stored in the commit that ends it.
 *   CN1. An event cancels a run only by one of its rules, in time, and never the run that it started.
 *   CN2. An event cancels every run whose rule it fulfils while the rule holds.
 */
import type { InboxContent } from "../../src/core/inbox.ts";
import { endEventNames } from "../../src/core/lifecycle.ts";
import { type Run, stampOf } from "../../src/core/run/run.ts";
import type { StoredEvent } from "../../src/protocol/event.ts";
import type { BatchRecords, RunRecord, StepRecord } from "../../src/store/records.ts";
import { fulfils } from "./conditions.ts";
import { isOver, type Ledger } from "./ledger.ts";
import type { Condition, WaitNode } from "./program.ts";
import type { SimCancelRule } from "./sim-app.ts";

export interface WaitsWorld {
  fail(rule: string, what: string): void;
  wallMax(): number;
  waitOf(functionId: string, stepName: string): WaitNode | undefined;
  rulesOf(functionId: string): readonly SimCancelRule[];
}

interface Open {
  readonly runId: string;
  readonly slot: string;
  readonly names: readonly string[];
  readonly condition: Condition;
  readonly armedAt: number;
  readonly untilAt: number;
}

/** An event that is applied in a commit, perhaps to a page of the runs; `at`: waits armed later are not concerned. */
interface Applied {
  readonly event: StoredEvent;
  readonly at: number;
  readonly after: string;
  readonly until: string;
}

type LookBack = InboxContent & { readonly kind: "look_back" };

export class WaitsModel {
  readonly #ledger: Ledger;
  readonly #world: WaitsWorld;
  /** Steps that were opened, ever. */
  readonly #known = new Set<string>();
  readonly #waits = new Map<string, Open>();
  readonly #rules = new Map<string, Open>();
  #direct: Applied[] = [];
  #delivered: Applied[] = [];
  #lookBacks = new Map<string, { readonly content: LookBack; readonly batch: number }>();
  /** The commit that made a run, and the last stamp of all. */
  readonly #bornIn = new Map<string, number>();
  #lastStamp = 0;

  constructor(ledger: Ledger, world: WaitsWorld) {
    this.#ledger = ledger;
    this.#world = world;
  }

  /** Before the ledger takes a commit: what is applied in it. */
  before(records: BatchRecords): void {
    this.#checkStamps(records);
    const said = new Set<string>();
    for (const { content } of records.messages) if (content.kind === "event") said.add(content.eventId);
    const direct = records.events.filter((event) => !said.has(event.id));
    this.#direct = direct.map((event) => ({ event, at: Number.POSITIVE_INFINITY, after: "", until: RUN_ID_MAX }));
    this.#delivered = [];
    this.#lookBacks = new Map();
    for (const id of records.deletedMessages) {
      const known = this.#ledger.messages.get(id);
      if (known?.message.content.kind === "look_back") {
        const { content } = known.message;
        this.#lookBacks.set(`${content.runId} ${content.slot}`, { content, batch: known.batch });
      }
      if (known?.message.content.kind !== "event") continue;
      const { eventId, at, after } = known.message.content;
      const event = this.#ledger.events.get(eventId);
      if (event === undefined) continue;
      this.#delivered.push({ event, at, after: after ?? "", until: nextPage(records, eventId) ?? RUN_ID_MAX });
    }
  }

  /** WT6. */
  #checkStamps(records: BatchRecords): void {
    const born = records.runs.filter((run) => !this.#bornIn.has(run.id));
    for (const run of born) this.#bornIn.set(run.id, this.#ledger.batch);
    const stamps = [...records.events.map(({ receivedAt }) => receivedAt), ...born.map(stampOf)];
    const first = Math.min(...stamps);
    if (first < this.#lastStamp) this.#world.fail("WT6", `something was made at ${first}, after ${this.#lastStamp}`);
    this.#lastStamp = Math.max(this.#lastStamp, ...stamps);
  }

  /** After the ledger has taken it: what became of the waits. */
  after(records: BatchRecords): void {
    for (const [key, rule] of this.#rules) this.#checkRule(key, rule);
    for (const [key, wait] of this.#waits) this.#checkWait(key, wait);
    for (const run of records.runs) this.#checkCancelled(run);
    for (const run of records.runs) this.#checkEndEvents(run, records);
    for (const step of records.steps) this.#opened(step);
    for (const wait of records.waits) if (wait.kind === "cancel" && wait.seq === 0) this.#ruleArmed(wait);
  }

  // --- Waits --------------------------------------------------------------------------------------------------

  #opened(step: StepRecord): void {
    const key = `${step.runId} ${step.id}`;
    if (step.kind !== "wait" || this.#known.has(key) || this.#ledger.isCopied(step)) return;
    this.#known.add(key);
    const run = this.#ledger.runs.get(step.runId)!;
    const node = this.#world.waitOf(run.functionId, step.name);
    if (node === undefined) return;
    const { names, condition, timeoutMs } = node;
    const armedAt = step.startedAt ?? step.queuedAt;
    const wait = { runId: run.id, slot: step.id, names, condition, armedAt, untilAt: armedAt + timeoutMs };
    if (step.memo !== null) this.#checkResult(wait, step, false);
    else if (!isOver(run.status)) this.#waits.set(key, wait);
  }

  #checkWait(key: string, wait: Open): void {
    const step = this.#ledger.steps.get(wait.runId)?.get(wait.slot);
    const run = this.#ledger.runs.get(wait.runId)!;
    if (step?.memo != null) {
      this.#waits.delete(key);
      this.#checkResult(wait, step, true);
      return;
    }
    if (isOver(run.status)) {
      this.#waits.delete(key);
      return;
    }
    const missed = [...this.#taken(wait, this.#direct), ...this.#taken(wait, this.#delivered)];
    const say = (rule: string, id: string) =>
      this.#world.fail(rule, `${describe(wait)} is still open after event ${id}, which fulfils it`);
    if (missed.length > 0) say("WT2", missed[0]!.id);
    const past = this.#past(wait, key);
    if (past !== null && past.certain !== undefined) say("WT3", past.certain);
  }

  #checkResult(wait: Open, step: StepRecord, wasArmed: boolean): void {
    const { fail } = this.#world;
    if (step.memo === "null") {
      const endedAt = step.endedAt ?? 0;
      if (step.status !== "timed_out" || endedAt < wait.untilAt || endedAt > this.#world.wallMax())
        fail("WT4", `${describe(wait)} ended with nothing (${step.status}) at ${endedAt}, its time is ${wait.untilAt}`);
      return;
    }
    const direct = this.#taken(wait, this.#direct);
    const delivered = this.#taken(wait, this.#delivered);
    // What was armed in this commit may have been armed between two of its events, or before a message was acted on.
    const all = [...this.#direct, ...this.#delivered].filter(({ event }) => this.#takes(wait, event));
    const isAny = all.some(({ event }) => event.json === step.memo);
    if (wasArmed ? direct[0]?.json === step.memo || delivered[0]?.json === step.memo : isAny) return;
    // A clock that was set back between two lives of the server makes the order of instants useless.
    if (isAny && all.every(({ at }) => at < wait.armedAt)) return;
    const past = wasArmed ? this.#past(wait, `${wait.runId} ${wait.slot}`) : null;
    if (past === null) {
      fail("WT1", `${describe(wait)} ended with ${step.memo}, which was not applied now or does not fulfil it`);
      return;
    }
    const found = past.events.findIndex((event) => event.json === step.memo);
    const certain = past.events.findIndex((event) => event.id === past.certain);
    if (found < 0 || (certain >= 0 && found > certain))
      fail("WT3", `${describe(wait)} looked back and found ${step.memo}, the earliest is ${past.certain}`);
  }

  /** What of the applied events fulfils a wait or rule, in order. */
  #taken(wait: Open, applied: readonly Applied[]): StoredEvent[] {
    const fitting = applied.filter(
      ({ event, at, after, until }) =>
        wait.armedAt <= at && wait.runId > after && wait.runId <= until && this.#takes(wait, event),
    );
    return fitting.map(({ event }) => event);
  }

  #takes({ runId, names, condition }: Open, event: StoredEvent): boolean {
    const { events } = this.#ledger.runs.get(runId)!;
    if (!names.includes(event.name) || events.some((own) => own.id === event.id)) return false;
    return fulfils(condition, events[0]?.json ?? "{}", event.json);
  }

  /** What a look back that ended in this commit can have seen, and what it must have seen at the latest. */
  #past(wait: Open, key: string): { readonly events: readonly StoredEvent[]; readonly certain?: string } | null {
    const lookBack = this.#lookBacks.get(key);
    if (lookBack === undefined) return null;
    const { since, until } = lookBack.content;
    const run = this.#ledger.runs.get(wait.runId)!;
    if (since !== stampOf(run) || until < wait.armedAt)
      this.#world.fail("WT3", `${describe(wait)} looks back from ${since} to ${until}`);
    // By the order of commits, not by what the clock showed; of the run's own instant it is not known what came first.
    const bornIn = this.#bornIn.get(run.id)!;
    const events = [...this.#ledger.events.values()].filter((event) => {
      const batch = this.#ledger.batchOfEvent.get(event.id)!;
      const isSince = batch >= bornIn || event.receivedAt === since;
      return isSince && (event.receivedAt <= until || batch < lookBack.batch) && this.#takes(wait, event);
    });
    events.sort((left, right) => left.receivedAt - right.receivedAt || (left.id < right.id ? -1 : 1));
    const certain = events.find(({ id }) => {
      const batch = this.#ledger.batchOfEvent.get(id)!;
      // Retention may have taken it before it was looked at.
      return batch > bornIn && batch <= lookBack.batch && !this.#ledger.goneEvents.has(id);
    });
    return certain === undefined ? { events } : { events, certain: certain.id };
  }

  // --- Cancel rules -------------------------------------------------------------------------------------------

  #ruleArmed({ runId, slot, armedAt }: BatchRecords["waits"][number]): void {
    const run = this.#ledger.runs.get(runId)!;
    const rule = this.#world.rulesOf(run.functionId)[Number(slot.slice("@cancel:".length))];
    if (rule === undefined || isOver(run.status)) return;
    this.#rules.set(`${runId} ${slot}`, openRule(run, slot, rule, armedAt));
  }

  #checkRule(key: string, rule: Open): void {
    if (isOver(this.#ledger.runs.get(rule.runId)!.status)) {
      this.#rules.delete(key);
      return;
    }
    const [missed] = [...this.#taken(rule, this.#direct), ...this.#taken(rule, this.#delivered)];
    if (missed !== undefined && rule.untilAt > this.#world.wallMax())
      this.#world.fail("CN2", `${describe(rule)} did not cancel its run for event ${missed.id}`);
  }

  #checkCancelled(run: RunRecord): void {
    if (run.reason !== "cancelled_by_event" || this.#ledger.endedBefore.has(run.id)) return;
    const id = /\((\w+)\)/.exec(run.error ?? "")?.[1];
    const rules = this.#world
      .rulesOf(run.functionId)
      .map((rule, index) => openRule(run, `${index}`, rule, run.createdAt));
    const isRight = rules.some(
      (rule) =>
        (run.endedAt ?? 0) < rule.untilAt &&
        // Between two lives of the server the clock may have been set back, so instants say nothing here.
        [...this.#direct, ...this.#delivered].some(({ event }) => event.id === id && this.#takes(rule, event)),
    );
    if (!isRight)
      this.#world.fail(
        "CN1",
        `run ${run.id} was cancelled by event ${id}, which none of its rules wants: ${rules.map(describe)}`,
      );
  }

  // --- Ends ---------------------------------------------------------------------------------------------------

  #checkEndEvents(run: RunRecord, records: BatchRecords): void {
    if (!isOver(run.status) || this.#ledger.endedBefore.has(run.id)) return;
    const waited = new Set([...this.#waits.values(), ...this.#rules.values()].flatMap((wait) => wait.names));
    for (const name of endEventNames(run as unknown as Run)) {
      const isStored = records.events.some((event) => event.name === name && event.json.includes(run.id));
      if (waited.has(name) && !isStored) this.#world.fail("WT5", `the end of ${run.id} left no event ${name}`);
    }
  }
}

const RUN_ID_MAX = "~";

/** The run at which a page of an event's runs ends, when more of them follow. */
function nextPage({ messages }: BatchRecords, eventId: string): string | null {
  for (const { content } of messages)
    if (content.kind === "event" && content.eventId === eventId && content.after !== null) return content.after;
  return null;
}

function openRule(run: RunRecord, slot: string, rule: SimCancelRule, armedAt: number): Open {
  const untilAt = rule.timeoutMs === null ? Number.POSITIVE_INFINITY : run.createdAt + rule.timeoutMs;
  return { runId: run.id, slot, names: [rule.event], condition: rule.condition, armedAt, untilAt };
}

const describe = ({ runId, slot, names, condition, armedAt }: Open) =>
  `${slot.slice(0, 8)} of ${runId} (${names.join(",")} ${condition}, armed at ${armedAt})`;
