/**
 * Registration: what an app tells the server about itself and its functions (protocol.md §1.6).
 * These are the forms our SDK writes; a server reads more leniently, because other SDKs write other cases.
 */
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

export interface RegisterFunction {
  /** `<app id>-<function id>`. */
  readonly id: string;
  readonly name: string;
  readonly triggers: readonly RegisterTrigger[];
  readonly steps: { readonly step: RegisterStep };
  readonly concurrency?: readonly RegisterConcurrency[];
  readonly throttle?: RegisterRate & { readonly burst?: number };
  readonly rateLimit?: RegisterRate;
  readonly debounce?: { readonly period: string; readonly timeout?: string; readonly key?: string };
  readonly batchEvents?: {
    readonly maxSize: number;
    readonly timeout: string;
    readonly key?: string;
    readonly if?: string;
  };
  readonly priority?: { readonly run?: string };
  readonly singleton?: { readonly mode: "skip" | "cancel"; readonly key?: string };
  readonly idempotency?: string;
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

export interface RegisterConcurrency {
  readonly limit: number;
  readonly key?: string;
  readonly scope?: "fn" | "env" | "account";
}

export interface RegisterRate {
  readonly limit: number;
  readonly period: string;
  readonly key?: string;
}

/** The server's answer. An error carries `status` in the body, because SDKs read it there. */
export interface RegisterReply {
  readonly ok?: boolean;
  readonly modified?: boolean;
  readonly status?: number;
  readonly error?: string;
  readonly message?: string;
  readonly app_id?: string;
  readonly sync_id?: string;
}

/** The answer to an in-band sync: the app describes itself in the reply (protocol.md §2.4.3). */
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

export const SYNC_KIND = { inBand: "in_band", outOfBand: "out_of_band" } as const;
export const INTROSPECTION_SCHEMA = "2024-05-24";
