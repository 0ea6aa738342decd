/** Signals: each wakes the one run that waits for its name. What is sent, and how it travels with a step. */
import { StepwellError } from "../protocol/coded-error.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { SentSignal } from "../protocol/op.ts";
import { refuseLargeSignal, signalProblem } from "../protocol/read-events.ts";
import { type DurationInput, durationMs } from "./duration-input.ts";
import { storableText } from "./storable.ts";

/** A signal to be sent. */
export interface SignalInput {
  /** Its name, as `step.waitForSignal` has it: at most 1,024 characters. */
  readonly signal: string;
  /** What the waiting run gets; null when left out. At most 3 MiB as JSON. */
  readonly data?: unknown;
  /**
   * Keeps the signal this long, at most seven days, for a run that begins to wait later. For a server of ours; without
   * it a signal that nobody waits for is dropped.
   */
  readonly ttl?: DurationInput;
}

/** Sends a signal; tells which run it woke, or null when none did. */
export type SendSignal = (signal: SignalInput) => Promise<{ runId: string | null }>;

/** The signal in the form that travels with a step. Throws `option_invalid`, `value_not_storable` and `signal_too_large`. */
export function readSignal({ signal, data, ttl }: SignalInput, where: string): SentSignal {
  const problem = signalProblem(signal);
  if (problem !== null) throw new StepwellError("option_invalid", { where, reason: problem });
  const ttlMs = ttl === undefined ? null : durationMs(ttl, `${where}: ttl`);
  if ((ttlMs ?? 0) > LIMITS.signalTtlMsMax) {
    throw new StepwellError("option_invalid", { where, reason: "`ttl` must be at most 7 days" });
  }
  const json = storableText(data, `Signal "${signal}"`, "data");
  refuseLargeSignal(signal, json);
  return { signal, data: json, ttlMs };
}
