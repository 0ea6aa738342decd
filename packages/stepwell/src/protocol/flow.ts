/** Flow control as a function configures it, normalised. What each rule does: core/flow, docs/flow-control.md. */

export type FlowScope = "fn" | "env" | "account";

/** At most `limit` at once: calls that are being executed, or whole runs. */
export interface ConcurrencyRule {
  readonly limit: number;
  /** CEL over `event`: one limit for each value of it; null for one limit. */
  readonly key: string | null;
  readonly scope: FlowScope;
  /** A key that has fewer than this many goes before keys that have them, when a shared limit is full; 0 for none. */
  readonly guaranteed: number;
  /** While the function's other limits have room, a key may have up to this many; null: never more than `limit`. */
  readonly burst: number | null;
}

/** Starts are spread over time; none is lost. */
export interface ThrottleRule {
  readonly limit: number;
  readonly periodMs: number;
  readonly burst: number;
  readonly key: string | null;
}

/** Starts beyond the limit are refused. */
export interface RateLimitRule {
  readonly limit: number;
  readonly periodMs: number;
  readonly key: string | null;
  /** `window`: exactly `limit` in any period. `gcra`: evenly spread, with a burst of a tenth of the limit. */
  readonly algorithm: "window" | "gcra";
}

export interface IdempotencyRule {
  readonly key: string;
  readonly periodMs: number;
  /** True: a run that failed or was cancelled gives the key free. */
  readonly releaseOnFailure: boolean;
}

export interface DebounceRule {
  readonly periodMs: number;
  /** The longest that a first event waits; null for no end. */
  readonly timeoutMs: number | null;
  readonly key: string | null;
  /** When the run starts: after the events, with the first of them, or both. */
  readonly mode: "trailing" | "leading" | "both";
  /** True: the run gets all events, not only the last. */
  readonly collect: boolean;
}

export interface BatchRule {
  readonly sizeMax: number;
  readonly timeoutMs: number;
  readonly key: string | null;
  /** CEL over `event`: others start a run of their own; null for all. */
  readonly condition: string | null;
  readonly bytesMax: number;
}

export interface SingletonRule {
  readonly key: string | null;
  readonly mode: "skip" | "cancel" | "queue-latest" | "queue-all";
}

/** Runs that wait for their first call. */
export interface BacklogRule {
  readonly limit: number;
  readonly policy: "reject" | "drop-oldest" | "drop-newest";
}

export interface FlowConfig {
  readonly concurrency: readonly ConcurrencyRule[];
  readonly runConcurrency: readonly ConcurrencyRule[];
  readonly throttle: ThrottleRule | null;
  readonly rateLimit: RateLimitRule | null;
  readonly idempotency: IdempotencyRule | null;
  readonly debounce: DebounceRule | null;
  readonly batch: BatchRule | null;
  /** CEL over `event`: seconds by which a run is treated as older (or younger); null for none. */
  readonly priority: string | null;
  readonly singleton: SingletonRule | null;
  readonly backlog: BacklogRule | null;
  /** The function's share of turns beside other functions. */
  readonly weight: number;
  /** What a call that could not connect to the app costs: an attempt, or nothing but time. */
  readonly whenUnreachable: "retry" | "wait";
}

export const NO_FLOW: FlowConfig = {
  concurrency: [],
  runConcurrency: [],
  throttle: null,
  rateLimit: null,
  idempotency: null,
  debounce: null,
  batch: null,
  priority: null,
  singleton: null,
  backlog: null,
  weight: 1,
  whenUnreachable: "retry",
};

/** What of a run's trigger its limits go by, fixed when the run is created. */
export interface RunFlow {
  /** Values of the keys of concurrency rules, by the rule's name (core/flow/rules.ts). */
  readonly keys: Readonly<Record<string, string>>;
  /** The throttle's key value; absent without a throttle. */
  readonly throttle?: string;
  /** How much older than it is the run is treated, in ms; negative for younger. */
  readonly priorityMs?: number;
  /** The fact that a run which collects events goes by, until it begins. */
  readonly collect?: { readonly kind: "debounce" | "batch"; readonly key: string };
  /** The key of which it is the one run. */
  readonly singleton?: string;
  /** The idempotency key that it gives free when it fails. */
  readonly idempotency?: string;
}
