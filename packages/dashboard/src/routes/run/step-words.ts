/** What a step was given, and what it is called. */
import type { Span, Step } from "../../api/records.ts";

export const KIND_WORDS: Readonly<Record<Span["kind"], string>> = {
  RUN: "Run",
  STEP: "Step",
  SLEEP: "Sleep",
  WAIT_FOR_EVENT: "Wait for an event",
  WAIT_FOR_SIGNAL: "Wait for a signal",
  INVOKE: "Invoke a function",
  FETCH: "Request",
  AI: "Model call",
};

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** The arguments of its body; null when it has none, or they were not recorded. */
export function inputOf({ options }: Step): readonly unknown[] | null {
  const { input } = fieldsOf(options);
  if (input === undefined || input === null) return null;
  return Array.isArray(input) ? input : [input];
}

/** What else it was asked for: the event it waits for, until when, whom it invokes. Null: nothing. */
export function optionsOf({ options }: Step): unknown {
  const { input: _input, type: _type, ...rest } = fieldsOf(options);
  return Object.keys(rest).length === 0 ? null : rest;
}
