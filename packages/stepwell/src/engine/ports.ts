/** What the engine asks of the world. Production gives it a clock and sockets; tests give it what they hold in hand. */
import type { Instant } from "../core/instant.ts";
import type { Call } from "../protocol/call.ts";
import type { Op } from "../protocol/op.ts";
import type { Outcome } from "../protocol/outcome.ts";

export interface Clock {
  now(): Instant;
  /** Runs `task` soon, after what is already queued; never inside this call. */
  defer(task: () => void): void;
  /** Runs `task` at an instant, or soon when it is past. Returns how to call it off. */
  at(instant: Instant, task: () => void): () => void;
}

/** Saves results while a call goes on; resolves when they are durable. `stale` means: stop, another call took over. */
export type SaveResults = (ops: readonly Op[]) => Promise<"saved" | "stale">;

/** Carries calls to apps. */
export interface AppTransport {
  /** Makes the call. Never rejects: whatever goes wrong is an outcome. */
  call(call: Call, save: SaveResults): Promise<Outcome>;
  /** Lets go of connections. Calls in flight may be broken off. */
  close(): Promise<void>;
}

export interface EngineLog {
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

export const SILENT_LOG: EngineLog = { info() {}, warn() {}, error() {} };
