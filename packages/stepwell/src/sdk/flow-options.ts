/** Flow control as users write it: what each option does, its units, defaults and limits. More: docs/flow-control.md. */
import type { DurationInput } from "./duration-input.ts";

/** A rule of `concurrency` or `runConcurrency`. */
export interface ConcurrencyOption {
  /** At most so many at once. */
  readonly limit: number;
  /** CEL over `event`: one limit for each value of it. Fixed when a run is created; the numbers are those of now. */
  readonly key?: string;
  /** What shares the limit: this function alone, or all functions that have the same key; these need a `key`. */
  readonly scope?: "fn" | "env" | "account";
  /** While a wider limit is full, values of the key that have fewer than this many go first. Up to `limit`; needs a `key`. */
  readonly guaranteed?: number;
  /**
   * While the function's other limits have room, a value of the key may have up to this many; when they are full, those
   * with fewer than `limit` go first. From `limit` on; needs a `key` and a second rule. For a server of ours.
   */
  readonly burst?: number;
}

/** A number, a rule, or a list of rules that all hold; at most 100. */
export type ConcurrencyInput = number | ConcurrencyOption | readonly (number | ConcurrencyOption)[];

/** The rule of `throttle`. */
export interface ThrottleOption {
  /** Starts per `period`, at least 1. */
  readonly limit: number;
  /** 1 s to 366 days. */
  readonly period: DurationInput;
  /** Starts beyond `limit` that may come at once after a quiet time; 0 by default. */
  readonly burst?: number;
  /** CEL over `event`: one throttle for each value of it. */
  readonly key?: string;
}

/** The rule of `rateLimit`. */
export interface RateLimitOption {
  /** Starts in any `period`, at least 1; at most 10,000 with the algorithm `window`. */
  readonly limit: number;
  /** 1 s to 24 h. */
  readonly period: DurationInput;
  /** CEL over `event`: one limit for each value of it; events for which it is `false` are free. */
  readonly key?: string;
  /**
   * `window`: exactly `limit` in any stretch of `period`; the default up to 10,000. `gcra`: spread evenly, with a tenth of
   * `limit` at once, as other servers of the protocol do it; the default above. For a server of ours.
   */
  readonly algorithm?: "window" | "gcra";
}

/** The rule of `idempotency`. */
export interface IdempotencyOption {
  /** CEL over `event`; events for which it is `false` are free. */
  readonly key: string;
  /** How long a value is remembered: 1 s to 366 days, 24 h by default. */
  readonly period?: DurationInput;
  /** A run that failed or was cancelled frees its value, so that the next event starts again; off by default. */
  readonly releaseOnFailure?: boolean;
}

/** The rule of `debounce`. */
export interface DebounceOption {
  /** How long it must be quiet: 1 s to 7 days. */
  readonly period: DurationInput;
  /** The longest that the first event waits, even if it is never quiet: 1 s to 366 days; no end by default. */
  readonly timeout?: DurationInput;
  /** CEL over `event`: one debounce for each value of it. */
  readonly key?: string;
  /** When the run starts: after the events (`trailing`, the default), with the first, or both. For a server of ours. */
  readonly mode?: "trailing" | "leading" | "both";
  /** The run gets all events as `events`, not only the last; off by default. Not with `leading`. For a server of ours. */
  readonly collect?: boolean;
}

/** The rule of `batchEvents`. */
export interface BatchOption {
  /** Events that fill a batch: 2 to 10,000. */
  readonly maxSize: number;
  /** The longest that the first event of a batch waits: 1 s to 366 days. */
  readonly timeout: DurationInput;
  /** CEL over `event`: one batch for each value of it. */
  readonly key?: string;
  /** CEL over `event`: events for which it is not true start a run of their own at once. */
  readonly if?: string;
  /** Bytes of events that fill a batch, as JSON: up to 10 MiB, which is the default. For a server of ours. */
  readonly maxBytes?: number;
}

/** The rule of `singleton`. */
export interface SingletonOption {
  /**
   * What happens while a run is under way: the new one is skipped (`skip`), or takes its place (`cancel`). With a server of
   * ours it may also wait: the newest alone (`queue-latest`), or all in order (`queue-all`).
   */
  readonly mode: "skip" | "cancel" | "queue-latest" | "queue-all";
  /** CEL over `event`: one run at a time for each value of it; events for which it is `false` are free. */
  readonly key?: string;
}

/** The rule of `backlog`. */
export interface BacklogOption {
  /** Runs that may wait for their first call, at least 1. */
  readonly limit: number;
  /**
   * What happens to one more: nothing is started (`reject`, the default), the run that waits longest is given up for it
   * (`drop-oldest`), or it is kept as skipped (`drop-newest`).
   */
  readonly policy?: "reject" | "drop-oldest" | "drop-newest";
}

/** When runs of a function may start, and how many at once. No rule is needed; all that are there hold together. */
export interface FlowOptions {
  /**
   * Calls of this function that are being executed at once; sleeping and waiting runs do not count. Keyed rules make it
   * fair between customers.
   *
   * ```ts
   * const options = { concurrency: [{ limit: 100 }, { limit: 5, key: "event.data.user_id" }] };
   * ```
   *
   * `{ step, fn }` says both kinds of limit in one; `fn` is `runConcurrency`.
   */
  readonly concurrency?: ConcurrencyInput | { readonly step?: ConcurrencyInput; readonly fn?: ConcurrencyInput };
  /**
   * Runs of this function that are under way at once, from the first call to the end, sleeps and waits included.
   *
   * ```ts
   * const options = { runConcurrency: { limit: 1, key: "event.data.account_id" } };
   * ```
   */
  readonly runConcurrency?: ConcurrencyInput;
  /**
   * Starts of runs are spread over time; none is lost. After a quiet time `limit + burst` start at once, then one each
   * `period / limit`.
   *
   * ```ts
   * const options = { throttle: { limit: 10, period: "1m", key: "event.data.account_id" } };
   * ```
   */
  readonly throttle?: ThrottleOption;
  /**
   * Events beyond the limit start nothing: the event says why, and since when the next would be let in.
   *
   * ```ts
   * const options = { rateLimit: { limit: 3, period: "1h", key: "event.data.user_id" } };
   * ```
   */
  readonly rateLimit?: RateLimitOption;
  /**
   * One run starts for each value of a key, within 24 h or within `period`. Later events join it: a step that invokes the
   * function gets that run's result.
   *
   * ```ts
   * const options = { idempotency: { key: "event.data.order_id", period: "7d", releaseOnFailure: true } };
   * ```
   */
  readonly idempotency?: string | IdempotencyOption;
  /**
   * One run for a burst of events, with the last of them. Not together with `batchEvents`.
   *
   * ```ts
   * const options = { debounce: { period: "5m", timeout: "1h", key: "event.data.document_id", collect: true } };
   * ```
   */
  readonly debounce?: DebounceOption;
  /**
   * One run for many events: the handler has them all in `events`. Not together with `debounce` or `singleton`.
   *
   * ```ts
   * const options = { batchEvents: { maxSize: 100, timeout: "10s", key: "event.data.table" } };
   * ```
   */
  readonly batchEvents?: BatchOption;
  /**
   * CEL over `event`, in whole seconds from −43,200 to 43,200: the run is treated as that much older than it is, beside other
   * runs of this function. Anything else counts as 0.
   *
   * ```ts
   * const options = { priority: "event.data.plan == 'pro' ? 120 : 0" };
   * ```
   */
  readonly priority?: string | { readonly run?: string };
  /**
   * One run at a time, or one for each value of a key. Not together with `batchEvents`.
   *
   * ```ts
   * const options = { singleton: { mode: "queue-latest", key: "event.data.repository" } } as const;
   * ```
   */
  readonly singleton?: SingletonOption;
  /**
   * How many runs may wait for their first call; no end by default. For a server of ours.
   *
   * ```ts
   * const options = { backlog: { limit: 10_000, policy: "drop-oldest" } } as const;
   * ```
   */
  readonly backlog?: BacklogOption;
  /** The function's share of turns beside other functions that wait: 1 to 100, 1 by default. For a server of ours. */
  readonly weight?: number;
  /**
   * What happens when no connection to the application can be made. `retry`, the default: it counts as a failed attempt.
   * `wait`: the run waits until the application answers, and no attempt is used; without a limit of time (`timeouts`) it
   * waits for ever. For a server of ours.
   */
  readonly whenUnreachable?: "retry" | "wait";
}
