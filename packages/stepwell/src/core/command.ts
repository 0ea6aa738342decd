/** The closed union of commands: everything that can change state, as data. The instant travels beside it (E7). */
import type { IncomingEvent } from "../protocol/event.ts";
import type { AppConfig } from "../protocol/function.ts";
import type { Op } from "../protocol/op.ts";
import type { Outcome } from "../protocol/outcome.ts";
import type { RunStatus } from "./run/run.ts";

export type { IncomingEvent };

export interface ReceiveEvents {
  readonly kind: "receive_events";
  readonly events: readonly IncomingEvent[];
}

export interface Reply {
  readonly kind: "reply";
  readonly runId: string;
  readonly slot: string;
  readonly functionId: string;
  readonly generation: number;
  readonly outcome: Outcome;
}

export interface SaveCheckpoint {
  readonly kind: "save_checkpoint";
  readonly runId: string;
  readonly slot: string;
  /** Null when the app did not say. */
  readonly generation: number | null;
  readonly ops: readonly Op[];
}

export interface CancelRun {
  readonly kind: "cancel_run";
  readonly runId: string;
  readonly reason: string;
}

export interface SyncApp {
  readonly kind: "sync_app";
  readonly app: AppConfig;
  readonly checksum: string;
}

export interface RemoveApp {
  readonly kind: "remove_app";
  readonly appId: string;
}

export type Command = ReceiveEvents | Reply | SaveCheckpoint | CancelRun | SyncApp | RemoveApp;

/** What one received event caused. */
export interface EventReceipt {
  readonly eventId: string;
  /** False: it was stored before, and nothing happened now. */
  readonly isNew: boolean;
  readonly runIds: readonly string[];
}

export interface CancelAnswer {
  /** `not_found`, `ended` (with the status it has), or `cancelled` now. */
  readonly outcome: "not_found" | "ended" | "cancelled";
  readonly status: RunStatus | null;
}

export interface SyncAnswer {
  readonly isModified: boolean;
}
