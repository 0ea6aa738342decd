/** What a server is made of, and what holds where nobody says otherwise. */
import type { EngineLimits } from "../engine/options.ts";
import type { AppTransport } from "../engine/ports.ts";
import type { ServerKind } from "../protocol/register.ts";
import type { Store } from "../store/store.ts";
import { createLog, type ServerLog } from "./log.ts";
import type { RetentionPolicy } from "./retention/policy.ts";
import type { TracingConfig } from "./tracing/otel-config.ts";

/** What `startServer` takes. */
export interface ServerOptions {
  /** Opened and closed by the server. */
  readonly store: Store;
  /** What is behind the store, for people. */
  readonly storeLabel?: string;
  /** `dev`: on an address of this machine nobody has to prove anything. `cloud`: everybody has to, and apps are told so. */
  readonly kind: ServerKind;
  /** The address to listen on; `127.0.0.1` by default. */
  readonly host?: string;
  /** 8288 by default; 0 takes any free port. */
  readonly port?: number;
  /** Those of the settings; others are made in the server. In `dev` without any, every key is accepted. */
  readonly eventKeys?: readonly string[];
  /** Null, the default: nothing is signed. */
  readonly signingKey?: string | null;
  /** Accepted too, while keys are being rotated; none by default. */
  readonly signingKeyFallback?: string | null;
  /** A constant delay between attempts, in ms; null, the default: a growing one. */
  readonly retryIntervalMs?: number | null;
  /** JSON lines on the standard output by default. */
  readonly log?: ServerLog;
  /** Addresses of apps to ask for their functions; none by default. */
  readonly appUrls?: readonly string[];
  /** Look for apps on the usual ports of this machine; off by default. */
  readonly discover?: boolean;
  /** How often known addresses are asked again; null, the default: until they answered once. */
  readonly pollIntervalMs?: number | null;
  /** Limits of the engine that are not to be those of docs/limits.md. */
  readonly limits?: Partial<EngineLimits>;
  /** How long stopping waits for calls that are out; 10 s by default. */
  readonly shutdownGraceMs?: number;
  /** The store failed for good: the process must end. */
  readonly onFatal: (error: unknown) => void;
  /** Requests of steps may go to private addresses: this machine and its network. In dev unless refused. */
  readonly allowPrivateRequests?: boolean;
  /** How people reach the server, when that is not its own address: `https://stepwell.example.com`. */
  readonly publicUrl?: string | null;
  /** A proxy stands before the server: its `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trustProxy?: boolean;
  /** Made when there is no user yet; without it, `setupUrl` is where the first user is made. */
  readonly firstAdmin?: { readonly name: string; readonly password: string } | null;
  /** Apps must be on the public internet. Without it they may be on private addresses, but for link-local ones. */
  readonly publicAppsOnly?: boolean;
  /** Where traces go; null, or left out: nowhere. */
  readonly tracing?: TracingConfig | null;
  /** What holds whatever is stored about it. */
  readonly retention?: Partial<RetentionPolicy>;
  /** Transports of other URL schemes, by scheme without the colon. */
  readonly transports?: Readonly<Record<string, AppTransport>>;
}

const DEFAULTS = {
  storeLabel: "embedded",
  host: "127.0.0.1",
  port: 8288,
  eventKeys: [],
  signingKey: null,
  signingKeyFallback: null,
  appUrls: [],
  discover: false,
  pollIntervalMs: null,
  shutdownGraceMs: 10_000,
} as const satisfies Partial<ServerOptions>;

export type CompleteOptions = ServerOptions & Required<Pick<ServerOptions, keyof typeof DEFAULTS | "log">>;

export function completed(options: ServerOptions): CompleteOptions {
  return { ...DEFAULTS, ...options, log: options.log ?? createLog({ format: "json" }) };
}
