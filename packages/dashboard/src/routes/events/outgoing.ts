/** What somebody typed, as events to send; or what is wrong with it. */
import type { OutgoingEvent } from "../../api/events.ts";
import { readJson } from "../../words/json-text.ts";

export type OutgoingReading = { readonly events: readonly OutgoingEvent[] } | { readonly problem: string };

const AT_ONCE_MAX = 100;

export function readOutgoing(text: string): OutgoingReading {
  const reading = readJson(text);
  if ("problem" in reading) return reading;
  const list: unknown[] = Array.isArray(reading.value) ? reading.value : [reading.value];
  if (list.length === 0) return { problem: "The list is empty." };
  if (list.length > AT_ONCE_MAX) return { problem: `At most ${AT_ONCE_MAX} events at once from here.` };
  for (const [index, event] of list.entries()) {
    const problem = problemOf(event);
    if (problem !== null) return { problem: list.length === 1 ? problem : `Event ${index + 1}: ${problem}` };
  }
  return { events: list as OutgoingEvent[] };
}

function problemOf(event: unknown): string | null {
  if (typeof event !== "object" || event === null || Array.isArray(event)) return "An event is an object.";
  const { name, data } = event as { readonly name?: unknown; readonly data?: unknown };
  if (typeof name !== "string" || name === "") return "It needs a name.";
  if (data !== undefined && (typeof data !== "object" || data === null || Array.isArray(data))) {
    return "data has to be an object.";
  }
  return null;
}
