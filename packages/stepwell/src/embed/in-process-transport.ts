/** Calls to functions of this process: a function call, no wire. */
import type { AppTransport, Clock, SaveResults, StopSignal } from "../engine/ports.ts";
import type { Call } from "../protocol/call.ts";
import type { CallLines } from "../protocol/log-lines.ts";
import type { Outcome } from "../protocol/outcome.ts";
import { failedCall } from "../protocol/reply.ts";
import { callRecorder } from "../sdk/call-log.ts";
import type { Stepwell } from "../sdk/client.ts";
import type { AnyFunction } from "../sdk/function.ts";
import { callInProcess } from "../sdk/in-process.ts";
import { callUrlOf, type InProcessApp } from "./in-process-app.ts";

interface Target {
  readonly client: Stepwell;
  readonly fn: AnyFunction;
}

export class InProcessTransport implements AppTransport {
  readonly #targets = new Map<string, Target>();
  readonly #now: () => number;
  readonly #takeLines: ((lines: CallLines) => void) | null;

  /** `takeLines` gets what handlers log, line by line; null where nobody keeps it. */
  constructor(
    apps: readonly InProcessApp[],
    clock: Pick<Clock, "now">,
    takeLines: ((lines: CallLines) => void) | null,
  ) {
    this.#takeLines = takeLines;
    this.#now = () => clock.now();
    for (const { client, functions } of apps) {
      for (const fn of functions) {
        for (const one of [fn, ...fn.hooks]) this.#add(client, one);
      }
    }
  }

  async call(call: Call, save: SaveResults, stop: StopSignal): Promise<Outcome> {
    const target = this.#targets.get(call.url);
    if (target === undefined) return failedCall("function_not_found", { function: call.functionSlug }, null);
    const options = { save, signal: () => abortSignalOf(stop), now: this.#now };
    const take = this.#takeLines;
    if (take === null) return callInProcess(target.client, target.fn, call, options);
    const { runId, functionId, attempt } = call;
    const record = callRecorder({
      now: this.#now,
      line: (line) => take({ runId, functionId, attempt, lines: [line], dropped: 0 }),
      dropped: () => take({ runId, functionId, attempt, lines: [], dropped: 1 }),
    });
    return callInProcess(target.client, target.fn, call, { ...options, record });
  }

  async close(): Promise<void> {}

  #add(client: Stepwell, fn: AnyFunction): void {
    this.#targets.set(callUrlOf(client.id, fn.slug), { client, fn });
  }
}

/** The engine's signal as the platform's, for whoever asks: most calls never do. */
function abortSignalOf(stop: StopSignal): AbortSignal {
  const controller = new AbortController();
  if (stop.aborted) controller.abort();
  else stop.addEventListener("abort", () => controller.abort());
  return controller.signal;
}
