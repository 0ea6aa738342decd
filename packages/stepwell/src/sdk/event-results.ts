/** What became of each event of a run: how a function that gets several of them says that some failed (docs/flow-control.md). */
import { EVENT_RESULTS_KEY, type EventResult as StoredResult } from "../protocol/event-results.ts";
import type { JsonValue } from "../protocol/json.ts";
import { errorData } from "./error-data.ts";
import { isNonRetriable } from "./errors.ts";

/** One event is done, or has failed. `retry: false`: another attempt would not help. */
export type EventResult<Data = unknown> =
  | { readonly data: Data; readonly error?: undefined }
  | { readonly error: unknown; readonly retry?: boolean; readonly data?: undefined };

/** A return value that says what became of each event. */
export interface EventResults {
  readonly [EVENT_RESULTS_KEY]: readonly StoredResult[];
}

/**
 * Says what became of each event of a batch: return it from the handler. Events with an `error` are tried again after a
 * while, in a run that has only them, as often as the function's `retries` say; the others are done. An error that is no
 * more retried (`retry: false`, a `NonRetriableError`, or no attempt left) fails the run.
 *
 * The results stand in the order of `events`, one for each; with any other number the run fails with `event_results_invalid`.
 * For a server of ours; others keep it as the function's result.
 *
 * @example
 * ```ts
 * import { eventResults, Stepwell } from "stepwell";
 * const client = new Stepwell({ id: "shop" });
 * client.createFunction(
 *   { id: "load", triggers: { event: "row/changed" }, batchEvents: { maxSize: 100, timeout: "10s" } },
 *   async ({ events, step }) => {
 *     const taken = await step.run("load", () => events.map((event) => event.data["price"] !== 0));
 *     return eventResults(taken.map((isTaken) => (isTaken ? { data: "loaded" } : { error: "no price", retry: false })));
 *   },
 * );
 * ```
 */
export function eventResults(results: readonly EventResult[]): EventResults {
  return { [EVENT_RESULTS_KEY]: results.map(storedResult) };
}

/**
 * Calls `handle` for each event, all at once, and says what became of each: what it returns, or what it throws. For use with
 * `return`, as `eventResults`; with steps inside, give each a name of its own.
 *
 * @example
 * ```ts
 * import { forEachEvent, Stepwell } from "stepwell";
 * const client = new Stepwell({ id: "shop" });
 * client.createFunction(
 *   { id: "mail", triggers: { event: "mail/due" }, batchEvents: { maxSize: 20, timeout: "5s" } },
 *   ({ events, step }) => forEachEvent(events, (event) => step.run(`send ${event.id}`, () => "sent")),
 * );
 * ```
 */
export async function forEachEvent<Event>(
  events: readonly Event[],
  handle: (event: Event, index: number) => unknown,
): Promise<EventResults> {
  const settled = events.map(async (event, index): Promise<EventResult> => {
    try {
      return { data: await handle(event, index) };
    } catch (error) {
      return { error };
    }
  });
  return eventResults(await Promise.all(settled));
}

function storedResult(result: EventResult): StoredResult {
  if (result.error === undefined || result.error === null) return { data: (result.data ?? null) as JsonValue };
  return { error: errorData(result.error), retry: result.retry ?? !isNonRetriable(result.error) };
}
