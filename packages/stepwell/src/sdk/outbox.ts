/**
 * What one attempt of a step sends, held back to travel with the step's result: the server stores both or neither.
 *
 *   OB1. The ids of the events are known here already: they follow from the run and the step, so an attempt that runs
 *        again after a crash names the same ones.
 *   OB2. What a failed attempt would have sent is dropped with it.
 *   OB3. What is too large to travel with a reply is sent in a request of its own instead.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import { eventIdFromSeed } from "../protocol/ids.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Sends, SentEvent } from "../protocol/op.ts";
import { readEvent } from "../protocol/read-events.ts";
import { eventText } from "./send.ts";
import type { Outbox } from "./sender.ts";
import { readSignal } from "./signal.ts";

/** `charsMax` is what a reply has room for. */
export function createOutbox(charsMax: number, now: () => number): Outbox {
  let sends: Sends | null = null;
  return {
    async sendEvents(events, seed, otherwise) {
      if (events.length > LIMITS.eventsPerRequestMax) {
        throw new StepwellError("too_many_events", { limit: LIMITS.eventsPerRequestMax, count: events.length });
      }
      const at = now();
      const texts = events.map((event) => eventText(event, at));
      if (charCount(texts) > charsMax) return otherwise(events, seed); // OB3
      const sent = texts.map((text, index): SentEvent => {
        const id = eventIdFromSeed(seed ?? "", index);
        if (id === null) throw new StepwellError("invariant", { what: "a step sends without a seed" });
        return readEvent(JSON.parse(text), { index, id, now: at, mayExist: true }); // OB1
      });
      // Assigned, not added: middleware may call twice what it wraps, and the last time counts.
      sends = { events: sent, signals: [] };
      return { ids: sent.map((event) => event.stored.id) };
    },
    async sendSignal(signal) {
      sends = { events: [], signals: [readSignal(signal, "sendSignal")] };
      return { runId: null };
    },
    take: () => (sends === null || sends.events.length + sends.signals.length === 0 ? null : sends),
  };
}

const charCount = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);
