/** What the functions of the tests are written in: the part of the official TypeScript SDKs that v3 and v4 share. */

export interface SeenEvent {
  readonly id?: string;
  readonly name: string;
  readonly data: Record<string, unknown>;
  readonly ts?: number;
}

export interface Step {
  run<Value>(id: string, body: (...args: never[]) => Value | Promise<Value>, ...args: unknown[]): Promise<Value>;
  sleep(id: string, duration: string | number): Promise<void>;
  sleepUntil(id: string, time: Date | string): Promise<void>;
  sendEvent(id: string, events: unknown): Promise<{ ids: string[] }>;
  waitForEvent(id: string, options: WaitOptions): Promise<SeenEvent | null>;
  waitForSignal(id: string, options: SignalWaitOptions): Promise<{ signal: string; data: unknown } | null>;
  sendSignal(id: string, options: { signal: string; data?: unknown }): Promise<unknown>;
  invoke(id: string, options: InvokeOptions): Promise<unknown>;
  fetch: typeof fetch;
  readonly ai: {
    infer(id: string, options: { model: unknown; body: unknown }): Promise<unknown>;
    wrap<Value>(id: string, body: (...args: never[]) => Value | Promise<Value>, ...args: unknown[]): Promise<Value>;
    readonly models: { readonly [provider: string]: (options: Record<string, unknown>) => unknown };
  };
}

export interface WaitOptions {
  readonly event: string;
  readonly timeout: string | number | Date;
  readonly match?: string;
  readonly if?: string;
}

export interface SignalWaitOptions {
  readonly signal: string;
  readonly timeout: string | number | Date;
  readonly onConflict: "fail" | "replace";
}

export interface InvokeOptions {
  readonly function: unknown;
  readonly data?: Record<string, unknown>;
  readonly timeout?: string | number | Date;
}

export interface Context {
  readonly event: SeenEvent;
  readonly events: readonly SeenEvent[];
  readonly step: Step;
  readonly runId: string;
  readonly attempt: number;
  readonly maxAttempts?: number;
  /** Of v4. */
  readonly group?: {
    parallel<Value>(body: () => Promise<Value>): Promise<Value>;
    parallel<Value>(options: { mode: "race" | "wait" }, body: () => Promise<Value>): Promise<Value>;
  };
  /** Of failure handlers. */
  readonly error?: Error;
}

export type Trigger =
  | { readonly event: string; readonly if?: string }
  | { readonly cron: string }
  /** In the words of one version. */
  | { readonly own: unknown };

export interface CancelOn {
  readonly event: string;
  readonly match?: string;
  readonly if?: string;
}

export interface Timeouts {
  readonly start?: string;
  readonly finish?: string;
}

export interface Definition {
  readonly id: string;
  readonly triggers: readonly Trigger[];
  readonly retries?: number;
  /** As both versions of the SDK take them. */
  readonly options?: {
    readonly cancelOn?: readonly CancelOn[];
    readonly timeouts?: Timeouts;
    /** Flow control. */
    readonly [option: string]: unknown;
  };
  readonly handler: (context: Context) => unknown;
  readonly onFailure?: (context: Context) => unknown;
}

/** The classes of the SDK under test. */
export interface Errors {
  readonly NonRetriableError: new (message: string, options?: { cause?: unknown }) => Error;
  readonly RetryAfterError: new (message: string, retryAfter: number | string | Date) => Error;
  readonly StepError: new (...args: never[]) => Error;
}

/** What functions use of the SDK under test beside their context. */
export interface Tools extends Errors {
  /** The function object that a definition has become. */
  functionOf(definition: Definition): unknown;
  referenceFunction(options: { functionId: string; appId?: string }): unknown;
  /** Durable inside of functions. */
  readonly fetch: typeof fetch;
}

/** What happened inside the functions, in order, under the `key` of the event that started them. */
export class Seen {
  readonly #entries = new Map<string, { what: string; at: number; value: unknown }[]>();

  add(key: unknown, what: string, value: unknown = null): void {
    const entries = this.#entries.get(String(key)) ?? [];
    entries.push({ what, at: Date.now(), value });
    this.#entries.set(String(key), entries);
  }

  whats(key: string): string[] {
    return (this.#entries.get(key) ?? []).map((entry) => entry.what);
  }

  values(key: string, what: string): unknown[] {
    return this.#of(key, what).map((entry) => entry.value);
  }

  times(key: string, what: string): number[] {
    return this.#of(key, what).map((entry) => entry.at);
  }

  #of(key: string, what: string) {
    return (this.#entries.get(key) ?? []).filter((entry) => entry.what === what);
  }
}
