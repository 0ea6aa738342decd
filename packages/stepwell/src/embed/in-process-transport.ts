/** Calls to functions of this process: a function call, no wire. */
import type { AppTransport, SaveResults } from "../engine/ports.ts";
import type { Call } from "../protocol/call.ts";
import type { Outcome } from "../protocol/outcome.ts";
import { failedCall } from "../protocol/reply.ts";
import type { Stepwell } from "../sdk/client.ts";
import type { AnyFunction } from "../sdk/function.ts";
import { callInProcess } from "../sdk/in-process.ts";
import type { SendEvents } from "../sdk/sender.ts";
import { callUrlOf, type InProcessApp } from "./in-process-app.ts";

interface Target {
  readonly client: Stepwell;
  readonly fn: AnyFunction;
}

export class InProcessTransport implements AppTransport {
  readonly #targets = new Map<string, Target>();
  readonly #sendEvents: SendEvents;

  /** `sendEvents` is how steps send: to the engine that calls them. */
  constructor(apps: readonly InProcessApp[], sendEvents: SendEvents) {
    this.#sendEvents = sendEvents;
    for (const { client, functions } of apps) {
      for (const fn of functions) {
        for (const one of [fn, ...fn.hooks]) this.#add(client, one);
      }
    }
  }

  async call(call: Call, save: SaveResults): Promise<Outcome> {
    const target = this.#targets.get(call.url);
    if (target === undefined) return failedCall("function_not_found", { function: call.functionSlug }, null);
    return callInProcess(target.client, target.fn, call, { save, sendEvents: this.#sendEvents });
  }

  async close(): Promise<void> {}

  #add(client: Stepwell, fn: AnyFunction): void {
    this.#targets.set(callUrlOf(client.id, fn.slug), { client, fn });
  }
}
