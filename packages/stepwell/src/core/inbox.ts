/**
 * Messages: what one transition has to say to a run that is not in memory, or about an event that needs a look at the
 * store first. Written in the transaction of the transition that says it, deleted in the one that acts on it (E4).
 * A target that is in memory is told at once, and nothing is written.
 */
import type { JsonText } from "../protocol/json.ts";
import type { Instant } from "./instant.ts";
import type { EndReason } from "./run/run.ts";

/** The place of an event in the order in which events are received. */
export interface ReceivedPlace {
  readonly receivedAt: Instant;
  readonly id: string;
}

export type InboxContent =
  /** A run that a step invoked has ended: the step gets its memo. */
  | {
      readonly kind: "child_ended";
      readonly runId: string;
      readonly slot: string;
      /** Counts only while the step waits for this run: one that is asked for again has another. */
      readonly childId: string;
      readonly memo: JsonText;
      readonly status: "completed" | "failed";
    }
  /** The run is cancelled with its parent, if that is the run that began it. */
  | {
      readonly kind: "cancel";
      readonly runId: string;
      readonly parentRunId: string;
      readonly reason: EndReason;
      readonly message: string;
    }
  /** Another step took over the signal that this one waited for. */
  | { readonly kind: "drop_wait"; readonly runId: string; readonly slot: string }
  /** An event that is stored: start what it triggers (`starts`), resume what waits for it, from `after` on. */
  | {
      readonly kind: "event";
      readonly eventId: string;
      readonly starts: boolean;
      /** Waits armed later are not concerned. */
      readonly at: Instant;
      /** Runs up to this id have been seen to. */
      readonly after: string | null;
    }
  /** A wait looks back: events since `since` that came before it was armed. */
  | {
      readonly kind: "look_back";
      readonly runId: string;
      readonly slot: string;
      readonly names: readonly string[];
      readonly since: Instant;
      /** Nobody asked for it: when it gets too far, the step just waits. */
      readonly isOptional: boolean;
      readonly until: Instant;
      /** When the step's patience ends if nothing is found. */
      readonly timeoutAt: Instant;
      /** Events up to this one have been looked at; how many they were. */
      readonly after: ReceivedPlace | null;
      readonly seen: number;
    }
  /** A tick of a schedule whose function has rules for its starts. */
  | { readonly kind: "tick"; readonly functionId: string; readonly eventId: string; readonly cron: string }
  | { readonly kind: "signal"; readonly signal: string; readonly data: JsonText; readonly ttlMs: number | null };

export interface InboxMessage {
  /** A ULID; messages are dealt with in the order of their ids, as far as nothing has to be loaded. */
  readonly id: string;
  readonly content: InboxContent;
}
