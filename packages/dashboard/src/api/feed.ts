/**
 * The change feed: one connection for the whole page, opened with the first listener.
 *
 *   FD1. After the connection was lost, or the server left something out, listeners are told `missed`: look again.
 */
import { useSyncExternalStore } from "react";

export interface Notice {
  readonly kind: string;
  readonly id: string;
  readonly run_id: string | null;
  readonly function: string | null;
  readonly name: string;
  readonly status: string;
  readonly at: string;
}

export type FeedState = "connecting" | "open" | "lost";

const KINDS = [
  "event_received",
  "run_created",
  "run_started",
  "step_completed",
  "step_failed",
  "attempt_failed",
  "run_ended",
  "app_synced",
  "logs_stored",
] as const;

type Listener = (notice: Notice | "missed") => void;

const listeners = new Set<Listener>();
const stateListeners = new Set<() => void>();
let source: EventSource | null = null;
let state: FeedState = "connecting";

export function listen(listener: Listener): () => void {
  listeners.add(listener);
  connect();
  return () => listeners.delete(listener);
}

export function useFeedState(): FeedState {
  return useSyncExternalStore(
    (changed) => {
      stateListeners.add(changed);
      connect();
      return () => stateListeners.delete(changed);
    },
    () => state,
  );
}

function connect(): void {
  if (source !== null) return;
  source = new EventSource("/v1/feed");
  source.onopen = () => {
    const wasLost = state === "lost";
    enter("open");
    if (wasLost) tell("missed"); // FD1
  };
  source.onerror = () => {
    enter("lost");
    if (source?.readyState === EventSource.CLOSED) reconnectLater(); // Refused: the browser does not try again itself.
  };
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => tell(JSON.parse((event as MessageEvent<string>).data) as Notice));
  }
  source.addEventListener("dropped", () => tell("missed"));
}

const RECONNECT_MS = 5_000;

function reconnectLater(): void {
  source = null;
  setTimeout(connect, RECONNECT_MS);
}

function tell(notice: Notice | "missed"): void {
  for (const listener of listeners) listener(notice);
}

function enter(next: FeedState): void {
  if (next === state) return;
  state = next;
  for (const changed of stateListeners) changed();
}
