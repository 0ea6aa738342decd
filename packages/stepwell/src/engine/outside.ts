/**
 * What happens outside: calls to apps, and the requests that the server makes for steps.
 *
 *   OU1. Each ends in one command, whatever happens; it belongs to the life of the engine that began it.
 *   OU2. When nobody waits for it any more it is told to stop, as well as its transport can.
 */

import type { AbortEffect, CallEffect, RequestEffect } from "../core/batch.ts";
import type { Command, SaveCheckpoint } from "../core/command.ts";
import type { CheckpointAnswer } from "../core/run/checkpoint.ts";
import type { RequestOutcome } from "../core/run/request.ts";
import { StepwellError } from "../protocol/errors.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { AppTransport, Gateway, SaveResults } from "./ports.ts";
import { StopSource } from "./stop-source.ts";

export interface OutsideOptions {
  readonly transport: AppTransport;
  readonly gateway: Gateway | null;
  /** Makes results durable while their call goes on. */
  readonly save: (command: SaveCheckpoint) => Promise<CheckpointAnswer>;
  /** The outcome, as a command of a life of the engine; null when a transport rejected, which it must not. */
  readonly done: (command: Command | null, life: number) => void;
}

/** Something that is under way: also the signal that tells it to stop. */
class Errand extends StopSource {
  readonly runId: string;
  readonly slot: string;
  readonly functionId: string;
  readonly generation: number;
  readonly life: number;
  /** Others of the same run: the one that began before it, and the one after it. */
  older: Errand | null = null;
  newer: Errand | null = null;

  constructor(runId: string, slot: string, functionId: string, generation: number, life: number) {
    super();
    this.runId = runId;
    this.slot = slot;
    this.functionId = functionId;
    this.generation = generation;
    this.life = life;
  }
}

export class Outside {
  readonly #options: OutsideOptions;
  /** The newest of each run. */
  readonly #errands = new Map<string, Errand>();
  #pending = 0;

  constructor(options: OutsideOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#pending;
  }

  call({ runId, slot, call }: CallEffect, life: number): void {
    const { functionId, generation } = call;
    const errand = new Errand(runId, slot, functionId, generation, life);
    this.#begin(errand);
    this.#options.transport.call(call, this.#saver(errand), errand).then(
      (outcome) => this.#ended(errand, { kind: "reply", runId, slot, functionId, generation, outcome }),
      () => this.#ended(errand, null),
    );
  }

  request(effect: RequestEffect, life: number): void {
    const { runId, slot, functionId, generation, kind, step, attempt, payload } = effect;
    const { gateway } = this.#options;
    const errand = new Errand(runId, slot, functionId, generation, life);
    const request = { runId, step, kind, attempt, opts: JSON.parse(payload) as JsonObject };
    this.#begin(errand);
    const work = async () => (gateway === null ? NO_GATEWAY : gateway.request(request, errand));
    work().then(
      (outcome) => this.#ended(errand, { kind: "request_reply", runId, slot, functionId, generation, outcome }),
      () => this.#ended(errand, null),
    );
  }

  abort({ runId, slot, generation }: AbortEffect): void {
    let errand = this.#errands.get(runId) ?? null;
    while (errand !== null && (errand.slot !== slot || errand.generation !== generation)) errand = errand.older;
    errand?.stop();
  }

  #begin(errand: Errand): void {
    this.#pending++;
    const older = this.#errands.get(errand.runId);
    if (older !== undefined) {
      older.newer = errand;
      errand.older = older;
    }
    this.#errands.set(errand.runId, errand);
  }

  #ended(errand: Errand, command: Command | null): void {
    this.#pending--;
    this.#forget(errand);
    this.#options.done(command, errand.life);
  }

  #forget({ runId, older, newer }: Errand): void {
    if (older !== null) older.newer = newer;
    if (newer !== null) newer.older = older;
    else if (older !== null) this.#errands.set(runId, older);
    else this.#errands.delete(runId);
  }

  #saver({ runId, slot, generation }: Errand): SaveResults {
    return async (ops) => {
      const answer = await this.#options.save({ kind: "save_checkpoint", runId, slot, generation, ops });
      if (answer.kind === "saved") return "saved";
      if (answer.code === "stale_dispatch" || answer.code === "not_found") return "stale";
      throw new StepwellError(answer.code, answer.details);
    };
  }
}

const NO_GATEWAY: RequestOutcome = {
  kind: "failed",
  noRetry: true,
  retryAfterMs: null,
  status: null,
  error: { name: "GatewayError", message: "This engine makes no requests.", code: "gateway_refused" },
};
