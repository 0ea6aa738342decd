/**
 * Signals: from a name to the one run that waits for it, if there is one.
 *
 *   SN1. Who waits is what the run in memory says; an index entry only tells which runs to look at.
 *   SN2. A signal that nobody waits for is kept only where its sender asked for that, and for no longer.
 */
import type { JsonText } from "../protocol/json.ts";
import type { Batch } from "./batch.ts";
import type { SignalAnswer } from "./command.ts";
import type { Facts } from "./facts.ts";
import type { Instant } from "./instant.ts";
import { signalKey, waitersOfSignal } from "./needs.ts";
import type { RunContext, SignalState } from "./run/context.ts";
import type { Run } from "./run/run.ts";
import { resolveWait } from "./run/wait-event.ts";
import { signalMemo } from "./run/wait-signal.ts";

export interface SignalHome {
  readonly context: RunContext;
  now(): Instant;
  batch(): Batch;
  open(runId: string): Run | undefined;
}

export function signalState(home: SignalHome, name: string, facts: Facts): SignalState {
  return { holder: holderOf(home, name, facts), early: facts.flow(signalKey(name)) };
}

/** SN1. */
function holderOf(home: SignalHome, name: string, facts: Facts): SignalState["holder"] {
  for (const runId of facts.waiters(waitersOfSignal(name)).runIds) {
    for (const [slot, [wait]] of home.open(runId)?.waits ?? []) {
      if (wait?.kind === "signal" && wait.name === name) return { runId, slot };
    }
  }
  return null;
}

export interface SentSignal {
  readonly signal: string;
  readonly data: JsonText;
  /** How long it is kept when nobody waits; null: not at all. */
  readonly ttlMs: number | null;
}

/** Gives a signal to who waits for it, or keeps it. */
export function deliverSignal(home: SignalHome, { signal, data, ttlMs }: SentSignal, facts: Facts): SignalAnswer {
  const holder = holderOf(home, signal, facts);
  if (holder !== null) {
    const run = home.open(holder.runId)!;
    resolveWait(home.context, run, holder.slot, signalMemo(signal, data), "completed");
    return { runId: holder.runId, isBuffered: false };
  }
  if (ttlMs === null || ttlMs === 0) return { runId: null, isBuffered: false }; // SN2
  const key = signalKey(signal);
  facts.noteFlow(key, data);
  home.batch().flow.push({ ...key, value: data, expiresAt: home.now() + ttlMs });
  return { runId: null, isBuffered: true };
}
