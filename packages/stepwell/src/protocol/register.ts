/**
 * Registration: what an app tells the server about itself and its functions.
 * These are the forms our SDK writes; a server reads more leniently, because other SDKs write other cases.
 */
import type { BacklogRule, DebounceRule, FlowScope, RateLimitRule, SingletonRule } from "./flow.ts";
import type { Misfire, Overlap } from "./function.ts";
import type { JsonObject } from "./json.ts";

export interface RegisterRequest {
  readonly url: string;
  readonly v: string;
  readonly deployType: "ping" | "connect";
  /** `<language>:v<version>`. */
  readonly sdk: string;
  readonly framework: string;
  readonly appName: string;
  readonly appVersion?: string;
  readonly functions: readonly RegisterFunction[];
  readonly capabilities?: Readonly<Record<string, string>>;
  readonly deployId?: string;
}

export interface RegisterFunction extends RegisterFlow {
  /** `<app id>-<function id>`. */
  readonly id: string;
  readonly name: string;
  readonly triggers: readonly RegisterTrigger[];
  readonly steps: { readonly step: RegisterStep };
  readonly cancel?: readonly { readonly event: string; readonly if?: string; readonly timeout?: string }[];
  readonly timeouts?: { readonly start?: string; readonly finish?: string; readonly asFailure?: boolean };
}

export type RegisterTrigger =
  | { readonly event: string; readonly expression?: string }
  | {
      /** Five fields, optionally after `TZ=Area/City `. */
      readonly cron: string;
      readonly jitter?: string;
      readonly misfire?: Misfire;
      readonly overlap?: Overlap;
    };

export interface RegisterStep {
  readonly id: string;
  readonly name: string;
  readonly runtime: { readonly type: string; readonly url: string };
  /** `attempts` counts retries: the attempts after the first. */
  readonly retries?: { readonly attempts: number };
}

/** Flow control. What only a server of ours knows is marked so; others ignore it. */
export interface RegisterFlow {
  /** Rules for calls that are being executed; by level when there are rules for whole runs (`fn`) too. */
  readonly concurrency?:
    | readonly RegisterConcurrency[]
    | { readonly step: readonly RegisterConcurrency[]; readonly fn: readonly RegisterConcurrency[] };
  readonly throttle?: RegisterRate & { readonly burst?: number };
  /** `algorithm` is ours. */
  readonly rateLimit?: RegisterRate & { readonly algorithm?: RateLimitRule["algorithm"] };
  readonly idempotency?: string;
  readonly debounce?: RegisterDebounce;
  readonly batchEvents?: {
    readonly maxSize: number;
    readonly timeout: string;
    readonly key?: string;
    readonly if?: string;
    /** Ours. */
    readonly maxBytes?: number;
  };
  readonly priority?: { readonly run?: string };
  readonly singleton?: { readonly mode: "skip" | "cancel"; readonly key?: string };
  /** Ours. */
  readonly backlog?: { readonly limit: number; readonly policy?: BacklogRule["policy"] };
  /** Ours. */
  readonly weight?: number;
  /** Ours. */
  readonly whenUnreachable?: "retry" | "wait";
  /** Ours: stands in for the fields of the same name. */
  readonly stepwell?: RegisterOwnForms;
}

/** Options that other servers would misread under their official names. */
export interface RegisterOwnForms {
  readonly idempotency?: { readonly key: string; readonly period?: string; readonly releaseOnFailure?: boolean };
  readonly debounce?: RegisterDebounce;
  readonly singleton?: { readonly mode: SingletonRule["mode"]; readonly key?: string };
}

export interface RegisterDebounce {
  readonly period: string;
  readonly timeout?: string;
  readonly key?: string;
  /** Ours. */
  readonly mode?: DebounceRule["mode"];
  /** Ours. */
  readonly collect?: boolean;
}

export interface RegisterConcurrency {
  readonly limit: number;
  readonly key?: string;
  readonly scope?: FlowScope;
  /** Ours. */
  readonly guaranteed?: number;
  /** Ours: others keep the key to `limit`. */
  readonly burst?: number;
}

export interface RegisterRate {
  readonly limit: number;
  readonly period: string;
  readonly key?: string;
}

/** The answer to an in-band sync: the app describes itself in the reply. */
export interface InBandReply {
  readonly app_id: string;
  readonly appVersion?: string;
  readonly capabilities: Readonly<Record<string, string>>;
  readonly env: string | null;
  readonly framework: string;
  readonly functions: readonly RegisterFunction[];
  readonly inspection: JsonObject;
  readonly platform: string | null;
  readonly sdk: string;
  readonly sdk_author: string;
  readonly sdk_language: string;
  readonly sdk_version: string;
  readonly url: string;
}

/** What a server says it is; apps check it. */
export type ServerKind = "dev" | "cloud";

export const SYNC_KIND = { inBand: "in_band", outOfBand: "out_of_band" } as const;
export const INTROSPECTION_SCHEMA = "2024-05-24";
