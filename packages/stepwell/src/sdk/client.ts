/** The client: names an app, makes its functions and sends its events. */
import { StepwellError } from "../protocol/coded-error.ts";
import {
  type AnyFunction,
  defineFunction,
  type FunctionOptions,
  type Handler,
  type StepwellFunction,
} from "./function.ts";
import { consoleLogger, type Logger } from "./logger.ts";
import { hooksOf, wrapWith } from "./middleware.ts";
import { checkSchemas, sendOverHttp } from "./send.ts";
import { signalOverHttp } from "./send-signal.ts";
import type { SendEvents, SendEventsAlong, Sender } from "./sender.ts";
import { type ClientOptions, readSettings } from "./settings.ts";
import type { SendSignal, SignalInput } from "./signal.ts";
import type { EventInput, EventOf, TriggersInput } from "./trigger.ts";

/**
 * An app: the functions it serves and the events it sends.
 *
 * @example
 * ```ts
 * import { Stepwell } from "stepwell";
 * export const client = new Stepwell({ id: "leads", isProduction: process.env["NODE_ENV"] === "production" });
 * ```
 */
export class Stepwell {
  readonly id: string;
  readonly options: ClientOptions;
  readonly logger: Logger;
  #transport: SendEvents | null = null;
  #signals: SendSignal | null = null;

  constructor(options: ClientOptions) {
    if (typeof options?.id !== "string" || options.id.trim() === "") {
      throw new StepwellError("option_invalid", {
        where: "new Stepwell()",
        reason: "`id` must be a text that is not empty",
      });
    }
    this.id = options.id;
    this.options = options;
    this.logger = options.logger ?? consoleLogger;
  }

  /**
   * Defines a function. Serve it with one of the doors (`stepwell/express`, `stepwell/next`, …).
   *
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "leads" });
   * export const welcome = client.createFunction(
   *   { id: "welcome", triggers: { event: "user/signed-up" }, retries: 5 },
   *   async ({ event, step }) => {
   *     await step.run("send-welcome", () => console.log("Welcome,", event.data.email));
   *     await step.sleep("wait-1-day", "1d");
   *     return { status: "completed" };
   *   },
   * );
   * ```
   */
  createFunction<const Triggers extends TriggersInput, Output>(
    options: FunctionOptions<Triggers>,
    handler: Handler<Triggers, Output>,
  ): StepwellFunction<EventOf<Triggers>, Output> {
    const { middleware = [], checkpointing } = this.options;
    return defineFunction({ appId: this.id, middleware, checkpointing }, options, handler);
  }

  /**
   * Sends one event or several, all or none, and returns their ids in order. It tries five times, and the server stores
   * nothing twice of that. A call that you make again is another one: give events an `id` then. In a function, prefer
   * `step.sendEvent`.
   *
   * @throws `event_key_missing`, `value_not_storable`, `event_schema_failed`, `send_failed`.
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "leads" });
   * const { ids } = await client.send({ name: "api/new-lead", data: { lead_id: "42" } });
   * ```
   */
  async send(events: EventInput | readonly EventInput[]): Promise<{ ids: string[] }> {
    const list = Array.isArray(events) ? (events as readonly EventInput[]) : [events as EventInput];
    return this.#send(list, null, null);
  }

  /**
   * Sends a signal to the run that waits for it (`step.waitForSignal`) and tells which one that is: null when nobody
   * waits, and then the signal is dropped, unless a `ttl` keeps it. It is sent once: after a lost answer nobody knows
   * whether it arrived. In a function, prefer `step.sendSignal`.
   *
   * @throws `option_invalid`, `value_not_storable`, `signal_failed`.
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "shop" });
   * const { runId } = await client.sendSignal({ signal: "refund-42", data: { by: "Ada" } });
   * ```
   */
  async sendSignal(signal: SignalInput): Promise<{ runId: string | null }> {
    return (this.#signals ?? ((one) => signalOverHttp(readSettings(this.options), one)))(signal);
  }

  /**
   * Sends events and signals over something else than HTTP, such as an engine in this process; null to undo it.
   *
   * @internal
   */
  static sendOver(client: Stepwell, send: SendEvents | null, signals: SendSignal | null = null): void {
    client.#transport = send;
    client.#signals = signals;
  }

  /**
   * How steps of a function send: as `send`, with the function's middleware, over `over` if given.
   *
   * @internal
   */
  static sender(client: Stepwell, fn: AnyFunction, over?: SendEvents): Sender {
    return {
      sendEvents: (events, seed, along) => client.#send(events, seed, fn, { over, along }),
      sendSignal: (signal) => client.sendSignal(signal),
    };
  }

  async #send(
    events: readonly EventInput[],
    seed: string | null,
    fn: AnyFunction | null,
    { over, along }: { readonly over?: SendEvents | undefined; readonly along?: SendEventsAlong | undefined } = {},
  ): Promise<{ ids: string[] }> {
    const middleware = fn?.middleware ?? this.options.middleware ?? [];
    let list = events;
    for (const transform of hooksOf(middleware, "transformSendEvent"))
      list = (await transform({ events: list, fn })) ?? list;
    await checkSchemas(list);
    const plain = over ?? this.#transport ?? ((...all) => sendOverHttp(readSettings(this.options), ...all));
    const send = () => (along === undefined ? plain(list, seed) : along(list, seed, plain));
    return wrapWith(hooksOf(middleware, "wrapSendEvent"), { events: list, fn }, send)();
  }
}
