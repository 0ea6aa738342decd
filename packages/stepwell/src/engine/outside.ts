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

interface Place {
  readonly runId: string;
  readonly slot: string;
  readonly functionId: string;
  readonly generation: number;
}

export class Outside {
  readonly #options: OutsideOptions;
  readonly #stops = new Map<string, StopSource>();
  #pending = 0;

  constructor(options: OutsideOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#pending;
  }

  call({ runId, slot, call }: CallEffect, life: number): void {
    const { generation, functionId } = call;
    const place = { runId, slot, functionId, generation };
    this.#begin(
      place,
      life,
      (stop) => this.#options.transport.call(call, this.#saver(runId, slot, generation), stop),
      (outcome) => ({ kind: "reply", ...place, outcome }),
    );
  }

  request({ runId, slot, functionId, generation, kind, step, attempt, payload }: RequestEffect, life: number): void {
    const { gateway } = this.#options;
    const place = { runId, slot, functionId, generation };
    const request = { runId, step, kind, attempt, opts: JSON.parse(payload) as JsonObject };
    this.#begin(
      place,
      life,
      async (stop) => (gateway === null ? NO_GATEWAY : gateway.request(request, stop)),
      (outcome) => ({ kind: "request_reply", ...place, outcome }),
    );
  }

  abort({ runId, slot, generation }: AbortEffect): void {
    this.#stops.get(keyOf(runId, slot, generation))?.stop();
  }

  #begin<T>(
    place: Place,
    life: number,
    work: (stop: StopSource) => Promise<T>,
    commandOf: (outcome: T) => Command,
  ): void {
    const key = keyOf(place.runId, place.slot, place.generation);
    const stop = new StopSource();
    this.#stops.set(key, stop);
    this.#pending++;
    const ended = (command: Command | null) => {
      this.#pending--;
      if (this.#stops.get(key) === stop) this.#stops.delete(key);
      this.#options.done(command, life);
    };
    work(stop).then(
      (outcome) => ended(commandOf(outcome)),
      () => ended(null),
    );
  }

  #saver(runId: string, slot: string, generation: number): SaveResults {
    return async (ops) => {
      const answer = await this.#options.save({ kind: "save_checkpoint", runId, slot, generation, ops });
      if (answer.kind === "saved") return "saved";
      if (answer.code === "stale_dispatch" || answer.code === "not_found") return "stale";
      throw new StepwellError(answer.code, answer.details);
    };
  }
}

const keyOf = (runId: string, slot: string, generation: number) => `${runId} ${slot} ${generation}`;

const NO_GATEWAY: RequestOutcome = {
  kind: "failed",
  noRetry: true,
  retryAfterMs: null,
  status: null,
  error: { name: "GatewayError", message: "This engine makes no requests.", code: "gateway_refused" },
};
