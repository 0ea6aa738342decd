/**
 * The clients: they send events, repeat what was not answered with the same ids, cancel runs, register the app anew.
 *
 *   WL1. A client that can repeat its request does not give up: what it wants done is done when the world ends.
 *   WL2. Whatever is answered is checked at once against what is durable (E1).
 */
import type { EventReceipt, IncomingEvent } from "../../src/core/command.ts";
import { canonicalJson, type JsonObject } from "../../src/protocol/json.ts";
import { APP_ID, configOf } from "./sim-app.ts";
import type { World } from "./world.ts";

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
  #syncs = 0;
  #hasCrons = true;
  /** The crons were left out for a while. */
  hadPauses = false;

  constructor(world: World) {
    this.#world = world;
    world.sendFromStep = async (events) => {
      if (world.chainEvents++ >= CHAIN_EVENTS_MAX) return [];
      const made = events.map((event) => this.#make(event.name, (event.data as { n: number }).n, null, 0));
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

  #make(name: string, n: number, producerId: string | null, delayMs: number): IncomingEvent {
    const { ids, timeline } = this.#world;
    const id = ids.next(timeline.wall);
    const now = timeline.wall;
    const ts = now + delayMs;
    const parsed: JsonObject = { data: { n }, id: producerId ?? id, name, ts, user: {} };
    this.events.set(id, { id, name, n, producerId, isAcknowledged: false });
    const json = canonicalJson(parsed);
    const stored = { id, name, ts, receivedAt: now, idempotencyId: producerId, json, isInternal: false };
    return { stored, parsed, mayExist: false };
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
  async #ask<T>(request: (engine: NonNullable<World["server"]>["engine"]) => Promise<T>): Promise<T | null> {
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

  // --- Others -------------------------------------------------------------------------------------------------

  #cancelSome(): void {
    const world = this.#world;
    const known = [...world.ledger.runs.keys()];
    if (known.length === 0) return;
    const runId = world.choices.pick(known);
    this.cancelled.add(runId);
    world.log(`cancel ${runId}`);
    void this.#ask((engine) => engine.cancelRun({ runId, reason: "simulated" })).then((answer) => {
      if (answer === null) return;
      const status = world.ledger.runs.get(runId)?.status;
      if (answer.outcome === "not_found" || status !== answer.status)
        world.fail("E1", `cancelling ${runId} is answered ${answer.outcome} ${answer.status}, stored is ${status}`);
    });
  }

  /** From now on the app has no crons: they would go on for ever. */
  endCrons(): void {
    this.#hasCrons = false;
    void this.sync();
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
      const functions = [...world.functions.values()].map((fn) =>
        configOf(fn, fn.retries + Math.min(this.#syncs - 1, 2), this.#hasCrons),
      );
      const app = { id: APP_ID, url: "inproc:", sdk: "sim", framework: "", version: null, functions };
      const answer = await this.#ask((engine) => engine.sync(app, `${number} ${this.#hasCrons}`));
      if (answer !== null) break;
      await world.timeline.delay(world.choices.int(50, 2_000));
    }
    this.pending--;
    world.log("synced");
    for (const fn of world.functions.values()) {
      if (!world.ledger.functions.has(fn.id)) world.fail("E1", `${fn.slug} is registered and not stored`);
    }
  }
}
