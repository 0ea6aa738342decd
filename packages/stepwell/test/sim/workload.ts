/**
 * The clients: they send events, repeat what was not answered with the same ids, cancel runs, register the app anew.
 *
 *   WL1. A client that can repeat its request does not give up: what it wants done is done when the world ends.
 *   RR1. A rerun with a key of its own, as an invoke with one, starts one run, however often it is asked for.
 *   RR2. A rerun from a step takes over the results before that step, as they are, and nothing else.
 *   WL2. Whatever is answered is checked at once against what is durable (E1).
 */
import type { PauseMode } from "../../src/core/batch.ts";
import type { EventReceipt, StartAnswer } from "../../src/core/command.ts";
import type { IncomingEvent } from "../../src/protocol/event.ts";
import { eventIdFromSeed } from "../../src/protocol/ids.ts";
import { canonicalJson, type JsonObject } from "../../src/protocol/json.ts";
import type { StepRecord } from "../../src/store/records.ts";
import { SIGNALS } from "./draw-program.ts";
import { APP_ID, configOf } from "./sim-app.ts";
import type { Server, World } from "./world.ts";

/** By flow control. */
const REFUSALS: ReadonlySet<string> = new Set(["function_rate_limited", "function_skipped", "function_backlog_full"]);
const ANSWER_MS_MAX = 10_000;
/** Events that steps may send in all; a step that is repeated sends again. */
const CHAIN_EVENTS_MAX = 30;

export interface SentEvent {
  readonly id: string;
  readonly name: string;
  readonly n: number;
  readonly producerId: string | null;
  isAcknowledged: boolean;
}

export class Workload {
  readonly #world: World;
  readonly events = new Map<string, SentEvent>();
  readonly requests: (readonly string[])[] = [];
  readonly cancelled = new Set<string>();
  /** Requests without an answer. */
  pending = 0;
  #producerIds = 0;
  #signals = 0;
  #invokes = 0;
  #pauses: Promise<void> = Promise.resolve();
  readonly #removed = new Set<string>();
  readonly #runOfKey = new Map<string, string>();
  /** Inputs that reruns gave to steps, by run and step. */
  readonly edited = new Map<string, number>();
  #syncs = 0;
  #hasCrons = true;
  /** The crons were left out for a while. */
  hadPauses = false;

  constructor(world: World) {
    this.#world = world;
    world.sendFromStep = async (events, seed) => {
      if (world.chainEvents++ >= CHAIN_EVENTS_MAX) return [];
      // Every attempt of the step has the same seed: what an earlier one sent is known again.
      const made = events.map((event, index) => {
        const id = seed === null ? null : eventIdFromSeed(seed, index);
        return this.#make(event.name, (event.data as { n: number }).n, event.id ?? null, 0, id);
      });
      await this.#send(made, 2);
      return made.map((event) => event.stored.id);
    };
  }

  /** Lays out everything that will happen in the safety phase. */
  plan(): void {
    const world = this.#world;
    const { choices, swarm, timeline } = world;
    const sometime = () => choices.int(0, swarm.safetyMs);
    for (let sent = 0; sent < swarm.events; ) {
      const count = Math.min(choices.int(1, swarm.eventsPerRequestMax), swarm.events - sent);
      sent += count;
      const isFuture = choices.chance(0.1);
      const isRepeated = choices.chance(0.9);
      timeline.after(sometime(), () => {
        const events = Array.from({ length: count }, () =>
          this.#make(
            choices.pick(["user/a", "user/a", "user/b"]),
            choices.int(0, 9),
            this.#producerId(),
            isFuture ? choices.int(0, swarm.sleepMsMax) : 0,
          ),
        );
        this.#send(events, isRepeated ? Number.POSITIVE_INFINITY : 1).catch(() => world.log("a client gives up"));
      });
    }
    for (let count = 0; count < swarm.awaitedEvents; count++) {
      const isBlind = choices.chance(0.4);
      timeline.after(sometime(), () =>
        isBlind ? this.#sendOne(choices.pick(["wait/x", "wait/x", "wait/y"])) : this.#answerSome(),
      );
    }
    for (let count = 0; count < swarm.signals; count++) timeline.after(sometime(), () => void this.#signal());
    for (let count = 0; count < swarm.invokes; count++) timeline.after(sometime(), () => void this.#invoke());
    for (let count = 0; count < swarm.pauses; count++) timeline.after(sometime(), () => this.#pauseSome());
    for (let count = 0; count < swarm.removals; count++) timeline.after(sometime(), () => this.#removeSome(sometime()));
    for (let count = 0; count < swarm.reruns; count++) timeline.after(sometime(), () => void this.#rerunSome());
    for (let count = 0; count < swarm.resumes; count++) timeline.after(sometime(), () => void this.#resumeSome());
    if (swarm.hasCycle) timeline.after(sometime(), () => this.#sendOne("user/cycle"));
    for (let count = 0; count < swarm.cancels; count++) timeline.after(sometime(), () => this.#cancelSome());
    for (let count = 0; count < swarm.syncs; count++) timeline.after(sometime(), () => void this.sync());
    for (let count = 0; count < swarm.cronPauses; count++) timeline.after(sometime(), () => this.#toggleCrons());
  }

  // --- Events -------------------------------------------------------------------------------------------------

  #producerId(): string | null {
    const { choices, swarm } = this.#world;
    if (!choices.chance(swarm.producerIds)) return null;
    return `p${choices.chance(0.5) ? this.#producerIds : ++this.#producerIds}`;
  }

  #make(
    name: string,
    n: number,
    producerId: string | null,
    delayMs: number,
    ownId: string | null = null,
  ): IncomingEvent {
    const { ids, timeline } = this.#world;
    const id = ownId ?? ids.next(timeline.wall);
    const now = timeline.wall;
    const ts = now + delayMs;
    const parsed: JsonObject = { data: { n, k: n % 3 }, id: producerId ?? id, name, ts, user: {} };
    if (!this.events.has(id)) this.events.set(id, { id, name, n, producerId, isAcknowledged: false });
    const json = canonicalJson(parsed);
    const stored = { id, name, ts, receivedAt: now, idempotencyId: producerId, json, isInternal: false };
    return { stored, parsed, mayExist: false };
  }

  /** An event that somebody waits for, perhaps in the very moment in which the patience is over. */
  #answerSome(): void {
    const { choices, ledger, timeline } = this.#world;
    const waits = [...ledger.waits.values()].flatMap((ofRun) => [...ofRun.values()]);
    const awaited = waits.filter(({ kind, name }) => kind !== "signal" && !name.startsWith("inngest/"));
    if (awaited.length === 0) return;
    const { runId, slot, name } = choices.pick(awaited);
    const dueAt = ledger.jobs.get(runId)?.get(slot)?.dueAt ?? 0;
    timeline.after(choices.chance(0.2) ? dueAt - timeline.wall : 0, () => this.#sendOne(name));
  }

  #sendOne(name: string): void {
    const { choices } = this.#world;
    const event = this.#make(name, choices.int(0, 9), this.#producerId(), 0);
    void this.#send([event], Number.POSITIVE_INFINITY);
  }

  /** Sends until it is acknowledged. Every try of a request that may be repeated says so, as the seed in its header does. */
  async #send(events: readonly IncomingEvent[], triesMax: number): Promise<void> {
    const world = this.#world;
    const names = events.map((event) => event.stored.id);
    this.requests.push(names);
    this.pending++;
    try {
      for (let tries = 1; ; tries++) {
        const request = events.map((event) => ({ ...event, mayExist: triesMax > 1 }));
        const receipts = await this.#ask((engine) => engine.receive(request));
        if (receipts !== null) return this.#acknowledged(names, receipts);
        if (tries >= triesMax) throw new Error("the server does not answer");
        await world.timeline.delay(world.choices.int(50, 2_000));
      }
    } finally {
      this.pending--;
    }
  }

  #acknowledged(names: readonly string[], receipts: readonly EventReceipt[]): void {
    const world = this.#world;
    world.log(`acknowledged ${names.join(",")}`);
    for (const [index, id] of names.entries()) {
      const receipt = receipts[index];
      this.events.get(id)!.isAcknowledged = true;
      if (receipt?.eventId !== id) world.fail("answer", `the answer for ${id} names ${receipt?.eventId}`);
      if (!world.ledger.events.has(id)) world.fail("E1", `event ${id} is acknowledged and not stored`);
      for (const runId of receipt?.runIds ?? []) {
        if (!world.ledger.runs.has(runId)) world.fail("E1", `run ${runId} is announced and not stored`);
      }
    }
  }

  /** One request to the server that runs now; null when it is refused, fails, or is not answered in time. */
  async #ask<T>(request: (engine: Server["engine"]) => Promise<T>): Promise<T | null> {
    const { server, timeline } = this.#world;
    if (server === null) return null;
    let cancel = () => {};
    const late = new Promise<null>((resolve) => {
      cancel = timeline.after(ANSWER_MS_MAX, () => resolve(null));
    });
    try {
      return await Promise.race([request(server.engine), late, this.#world.endOf(server.life)]);
    } catch {
      return null; // Refused or lost; the client decides what to do.
    } finally {
      cancel();
    }
  }

  /** Asks until there is an answer. */
  async #insist<T>(request: (engine: Server["engine"]) => Promise<T>): Promise<T> {
    const { timeline, choices } = this.#world;
    this.pending++;
    try {
      for (;;) {
        const answer = await this.#ask(request);
        if (answer !== null) return answer;
        await timeline.delay(choices.int(50, 2_000));
      }
    } finally {
      this.pending--;
    }
  }

  // --- Signals ------------------------------------------------------------------------------------------------

  /** A signal is sent once: a second try might wake another run. */
  async #signal(): Promise<void> {
    const world = this.#world;
    const { choices, swarm, ledger } = world;
    const awaited = SIGNALS.filter((name) => ledger.waiterOf(name) !== undefined);
    const signal = choices.pick(awaited.length > 0 && choices.chance(0.5) ? awaited : SIGNALS);
    const data = `"client ${++this.#signals}"`;
    const ttlMs = choices.chance(0.5) ? choices.int(1, Math.min(swarm.sleepMsMax, 86_400_000)) : null;
    const before = ledger.waiterOf(signal);
    world.log(`signal ${signal} ${data} ttl=${ttlMs}`);
    const answer = await this.#ask((engine) => engine.sendSignal({ signal, data, ttlMs }));
    if (answer === null) return;
    const after = ledger.waiterOf(signal);
    if (before !== undefined && before === after)
      world.fail("SG3", `${signal} with ${data} was sent, and ${before} waited for it all the time`);
    if (answer.isBuffered && ttlMs === null)
      world.fail("SG3", `${signal} with ${data} is kept, which nobody asked for`);
    if (answer.runId === null) {
      if (!answer.isBuffered && ttlMs !== null) world.fail("SG3", `${signal} with ${data} is lost`);
      return;
    }
    const steps = [...(ledger.steps.get(answer.runId)?.values() ?? [])];
    if (!steps.some((step) => step.memo?.includes(data)))
      world.fail("E1", `${signal} with ${data} is said to have woken ${answer.runId}, which does not have it`);
  }

  // --- Starting by name ---------------------------------------------------------------------------------------

  async #invoke(): Promise<void> {
    const world = this.#world;
    const { choices } = world;
    const target = choices.pick([...world.functions.keys(), `${APP_ID}-nobody`]);
    const event = this.#make("any", choices.int(0, 9), null, 0);
    const idempotencyKey = `invoke ${++this.#invokes}`;
    this.events.delete(event.stored.id);
    const answer = await this.#insist<StartAnswer>((engine) =>
      engine.invoke({ functionId: target, event, idempotencyKey }),
    );
    world.log(`invoke ${target} ${answer.kind}`);
    if (answer.kind === "refused") {
      const isRight =
        answer.code === "function_not_found" || answer.code === "function_paused" || REFUSALS.has(answer.code);
      if (!isRight) world.fail("answer", `invoking ${target} is refused with ${answer.code}`);
      return;
    }
    if (answer.kind === "existing" && world.kind !== "any") return; // Another one has started it (idempotency).
    const run = world.ledger.runs.get(answer.runId);
    if (run?.functionId !== world.functions.get(target)?.id)
      world.fail("E1", `run ${answer.runId} of ${target} is announced and not stored`);
    this.#startedOnce(idempotencyKey, answer.runId);
  }

  /** What has a key of its own starts one run, however often it is asked for. */
  #startedOnce(key: string, runId: string): void {
    const earlier = this.#runOfKey.get(key) ?? runId;
    this.#runOfKey.set(key, runId);
    if (earlier !== runId) this.#world.fail("RR1", `${key} started ${earlier} and ${runId}`);
  }

  async #rerunSome(): Promise<void> {
    const world = this.#world;
    const { choices, ledger } = world;
    const known = [...ledger.runs.values()].filter((run) => run.originalRunId === null && run.parent === null);
    if (known.length === 0) return;
    const from = choices.pick(known);
    const steps = [...(ledger.steps.get(from.id)?.values() ?? [])];
    const step = choices.chance(0.6) && steps.length > 0 ? choices.pick(steps) : null;
    const input = step?.kind === "run" && choices.chance(0.5) ? `[${1_000 + choices.int(0, 999)}]` : null;
    const fromStep = step === null ? null : { stepId: step.id, input };
    const operationId = `operation ${++this.#invokes}`;
    const before = [...(ledger.stacks.get(from.id) ?? [])];
    const answer = await this.#insist<StartAnswer>((engine) => engine.rerun({ runId: from.id, fromStep, operationId }));
    world.log(`rerun ${from.id} from ${step?.name ?? "the beginning"} ${answer.kind}`);
    if (answer.kind === "refused") {
      // A resume may have taken the step away; a removed function runs nothing.
      const isGone = answer.code === "not_found" && world.mayBeGone(from.id);
      if (answer.code !== "function_not_found" && !isGone && !REFUSALS.has(answer.code))
        world.fail("RR1", `the rerun is refused with ${answer.code}`);
      return;
    }
    const run = ledger.runs.get(answer.runId);
    if (run?.originalRunId !== from.id) world.fail("E1", `the rerun ${answer.runId} of ${from.id} is not stored`);
    this.#startedOnce(`${operationId} ${from.id}`, answer.runId);
    const { notes } = ledger.runs.get(from.id) ?? {};
    if (notes?.resumes === from.notes?.resumes && notes?.oldResults === from.notes?.oldResults)
      this.#checkTakenOver(answer.runId, before, step);
    if (input !== null && step !== null) this.edited.set(`${answer.runId} ${step.id}`, Number(input.slice(1, -1)));
  }

  /** RR2. A rerun has the results that came before its step, and nothing else. */
  #checkTakenOver(runId: string, before: readonly string[], step: StepRecord | null): void {
    const { ledger, fail } = this.#world;
    const original = ledger.runs.get(runId)!.originalRunId!;
    const steps = [...(ledger.steps.get(runId)?.values() ?? [])].filter((one) => ledger.isCopied(one));
    const wanted = step === null ? [] : before.slice(0, step.seq ?? before.length);
    const isShort = wanted.some((id) => !steps.some((one) => one.id === id));
    const isLong = step?.seq !== undefined && step?.seq !== null && steps.length > wanted.length;
    if (isShort || isLong || (step === null && steps.length > 0))
      fail("RR2", `run ${runId}, again from ${step?.name ?? "the beginning"}, took over ${steps.length} steps`);
    for (const one of steps)
      if (one.memo !== ledger.memoOf(original, one.id) || one.id === step?.id)
        fail("RR2", `run ${runId} took over ${one.name} with ${one.memo}`);
  }

  async #resumeSome(): Promise<void> {
    const world = this.#world;
    const { choices, ledger } = world;
    const failed = [...ledger.runs.values()].filter((run) => run.status === "failed");
    if (failed.length === 0) return;
    const { id: runId } = choices.pick(failed);
    const answer = await this.#ask((engine) => engine.resumeRun({ runId }));
    world.log(`resume ${runId} ${answer?.kind}`);
    if (answer?.kind === "started" && ledger.runs.get(runId)?.notes?.resumes === undefined)
      world.fail("E1", `run ${runId} is said to go on, which is not stored`);
  }

  // --- Pausing and removing -----------------------------------------------------------------------------------

  /** One change after the other, so that the last one asked for is the last one made. */
  #pause(id: string, mode: PauseMode | null): void {
    const world = this.#world;
    const target = { kind: id === APP_ID ? "app" : "function", id } as const;
    const key = world.functions.get(id)?.id ?? id;
    this.pending++;
    this.#pauses = this.#pauses.then(async () => {
      if (mode === null) world.paused.delete(key);
      const isDone = await this.#insist<boolean>((engine) =>
        mode === null ? engine.unpause(target) : engine.pause({ ...target, mode }),
      );
      world.log(`pause ${id} ${mode} ${isDone}`);
      if (isDone && mode !== null) world.paused.add(key);
      this.pending--;
    });
  }

  #pauseSome(): void {
    const { choices, functions } = this.#world;
    this.hadPauses = true;
    const id = choices.chance(0.3) ? APP_ID : choices.pick([...functions.keys()]);
    this.#pause(id, choices.pick([null, "hold", "hold", "skip", "reject"]));
  }

  /** A deployment that leaves a function out, and one that brings it back. */
  #removeSome(afterMs: number): void {
    const { choices, functions, timeline } = this.#world;
    const slugs = [...functions.keys()].filter((slug) => /-f\d+$/.test(slug));
    const slug = choices.pick(slugs);
    this.hadPauses = true;
    this.#removed.add(slug);
    void this.sync();
    timeline.after(afterMs, () => {
      this.#removed.delete(slug);
      void this.sync();
    });
  }

  // --- Others -------------------------------------------------------------------------------------------------

  #cancelSome(): void {
    const world = this.#world;
    const { runs, openRuns } = world.ledger;
    const known = openRuns.size > 0 && world.choices.chance(0.7) ? [...openRuns] : [...runs.keys()];
    if (known.length === 0) return;
    const runId = world.choices.pick(known);
    this.cancelled.add(runId);
    world.log(`cancel ${runId}`);
    const resumes = world.ledger.runs.get(runId)?.notes?.resumes;
    void this.#ask((engine) => engine.cancelRun({ runId, reason: "simulated" })).then((answer) => {
      if (answer === null || world.ledger.runs.get(runId)?.notes?.resumes !== resumes) return;
      const status = world.ledger.runs.get(runId)?.status;
      if (answer.outcome === "not_found" && world.mayBeGone(runId)) return;
      if (answer.outcome === "not_found" || status !== answer.status)
        world.fail("E1", `cancelling ${runId} is answered ${answer.outcome} ${answer.status}, stored is ${status}`);
    });
  }

  /** From now on everything is served again, but for the crons: they would go on for ever. */
  calmDown(): void {
    const { swarm, functions } = this.#world;
    this.#hasCrons = false;
    this.#removed.clear();
    this.pending++;
    // Who is not served cannot be resumed, and is paused still when it comes back.
    void this.sync().then(() => {
      if (swarm.pauses > 0) for (const id of [APP_ID, ...functions.keys()]) this.#pause(id, null);
      this.pending--;
    });
  }

  /** A deployment that leaves the crons out, or brings them back. */
  #toggleCrons(): void {
    this.hadPauses = true;
    this.#hasCrons = !this.#hasCrons && this.#world.hasFaults;
    void this.sync();
  }

  /** Registers the app until it is acknowledged; its retries grow with every time, up to a limit. */
  async sync(): Promise<void> {
    const world = this.#world;
    const number = ++this.#syncs;
    this.pending++;
    for (;;) {
      const served = [...world.functions.values()].filter((fn) => !this.#removed.has(fn.slug));
      const functions = served.map((fn) => configOf(fn, Math.min(this.#syncs - 1, 2), this.#hasCrons));
      const app = { id: APP_ID, url: "inproc:", sdk: "sim", framework: "", version: null, functions };
      const answer = await this.#ask((engine) => engine.sync(app, `${number} ${this.#hasCrons} ${[...this.#removed]}`));
      if (answer !== null) break;
      await world.timeline.delay(world.choices.int(50, 2_000));
    }
    this.pending--;
    world.log("synced");
    for (const fn of world.functions.values()) {
      if (!this.#removed.has(fn.slug) && !world.ledger.functions.has(fn.id))
        world.fail("E1", `${fn.slug} is registered and not stored`);
    }
  }
}
