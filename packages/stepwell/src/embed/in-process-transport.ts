/** Calls to functions of this process: a function call, no wire. */
import type { AppTransport, Clock, SaveResults, StopSignal } from "../engine/ports.ts";
import type { Call } from "../protocol/call.ts";
import type { CallLines } from "../protocol/log-lines.ts";
import type { Outcome } from "../protocol/outcome.ts";
import { failedCall } from "../protocol/reply.ts";
import { type CallRecorder, callRecorder } from "../sdk/call-log.ts";
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

  call(call: Call, save: SaveResults, stop: StopSignal): Promise<Outcome> {
    const target = this.#targets.get(call.url);
    if (target === undefined) {
      return Promise.resolve(failedCall("function_not_found", { function: call.functionSlug }, null));
    }
    const record = this.#takeLines === null ? undefined : recorderOf(call, this.#takeLines, this.#now);
    const options = { save, signal: () => abortSignalOf(stop), now: this.#now, record };
    return callInProcess(target.client, target.fn, call, options);
  }

  async close(): Promise<void> {}

  #add(client: Stepwell, fn: AnyFunction): void {
    this.#targets.set(callUrlOf(client.id, fn.slug), { client, fn });
  }
}

/** Made for the first line of a call: most write none. */
function recorderOf({ runId, functionId, attempt }: Call, take: (lines: CallLines) => void, now: () => number) {
  let recorder: CallRecorder | null = null;
  const record: CallRecorder = (...line) => {
    recorder ??= callRecorder({
      now,
      line: (one) => take({ runId, functionId, attempt, lines: [one], dropped: 0 }),
      dropped: () => take({ runId, functionId, attempt, lines: [], dropped: 1 }),
    });
    recorder(...line);
  };
  return record;
}

/** The engine's signal as the platform's, for whoever asks: most calls never do. */
function abortSignalOf(stop: StopSignal): AbortSignal {
  const controller = new AbortController();
  if (stop.aborted) controller.abort();
  else stop.addEventListener("abort", () => controller.abort());
  return controller.signal;
}
