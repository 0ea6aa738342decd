/** What the engine asks of the world. Production gives it a clock and sockets; tests give it what they hold in hand. */
import type { Instant } from "../core/instant.ts";
import type { RequestOutcome } from "../core/run/request.ts";
import type { Call } from "../protocol/call.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Op } from "../protocol/op.ts";
import type { Outcome } from "../protocol/outcome.ts";

/** Where an engine gets its time from, in Unix milliseconds. */
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
  /**
   * Makes the call. Never rejects: whatever goes wrong is an outcome. The signal says that nobody waits for it any more
   * (the run was cancelled): the transport tells the app as well as it can.
   */
  call(call: Call, save: SaveResults, signal: StopSignal): Promise<Outcome>;
  /** Lets go of connections. Calls in flight may be broken off. */
  close(): Promise<void>;
}

/** A request that the server makes for a step (`step.fetch`, `step.ai.infer`). */
export interface GatewayRequest {
  readonly runId: string;
  readonly step: string;
  readonly kind: "fetch" | "ai";
  /** As the app sent them, secrets included: never into a log, a trace or a history row. */
  readonly opts: JsonObject;
  readonly attempt: number;
}

/** As much of the platform's `AbortSignal` as this layer may know: every one of them fits. */
export interface StopSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Makes the requests of steps. */
export interface Gateway {
  /** Makes the request. Never rejects: whatever goes wrong is an outcome. The signal breaks it off. */
  request(request: GatewayRequest, signal: StopSignal): Promise<RequestOutcome>;
  /** Breaks off what is under way and lets go of connections. */
  close(): Promise<void>;
}

/** Where an engine tells what deserves attention. */
export interface EngineLog {
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

export const SILENT_LOG: EngineLog = { info() {}, warn() {}, error() {} };
