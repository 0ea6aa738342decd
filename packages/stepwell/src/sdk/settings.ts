/**
 * Settings of a client: options, else `STEPWELL_*` variables, else their `INNGEST_*` twins.
 *
 *   S1. Read when they are first needed, so that a host which fills its environment late works. An endpoint keeps what it
 *       read at its first request.
 *   S2. Without a word about the mode it is production: nothing unsigned is answered by accident.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import { env } from "./environment.ts";
import type { CheckpointingOptions } from "./function.ts";
import type { Logger } from "./logger.ts";
import type { Middleware } from "./middleware.ts";

const BASE_URL_DEFAULT = "http://localhost:8288";
/** What the event route expects when a development server needs no key. */
const EVENT_KEY_NONE = "NO_EVENT_KEY_SET";

/** As much of the host's `fetch` as is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What `new Stepwell()` takes. What is left out is read from `STEPWELL_*`, or from its `INNGEST_*` twin, when it is first needed. */
export interface ClientOptions {
  /** Names the app; part of the identity of its functions. */
  readonly id: string;
  /** True: calls must be signed, and events need a key. `STEPWELL_DEV=1` or `isDev: true` say the opposite. */
  readonly isProduction?: boolean;
  /** True: a development server may call without a signature, and events need no key. */
  readonly isDev?: boolean;
  /** `STEPWELL_EVENT_KEY`. */
  readonly eventKey?: string;
  /** `STEPWELL_SIGNING_KEY`. */
  readonly signingKey?: string;
  /** `STEPWELL_SIGNING_KEY_FALLBACK`: accepted too, while keys are being rotated. */
  readonly signingKeyFallback?: string;
  /** Where the server is: `STEPWELL_BASE_URL`, else `http://localhost:8288`. */
  readonly baseUrl?: string;
  /** `STEPWELL_ENV`: the branch environment, for servers that have them. */
  readonly env?: string;
  /** Makes the requests to the server; the host's by default. */
  readonly fetch?: Fetch;
  /** Where log lines go; the console by default. */
  readonly logger?: Logger;
  /** Hooks around all functions of this client; those of a function come behind them. */
  readonly middleware?: readonly Middleware[];
  /** Go on after a step within the same call; for all functions of this client, on by default. */
  readonly checkpointing?: boolean | CheckpointingOptions;
  /** Shown in the dashboard beside the app. */
  readonly appVersion?: string;
}

export interface Settings {
  readonly isDev: boolean;
  readonly eventKey: string | null;
  /** The key, and the fallback key when there is one. */
  readonly signingKeys: readonly string[];
  readonly hasFallbackKey: boolean;
  /** Without a slash at the end. */
  readonly apiUrl: string;
  readonly eventUrl: string;
  readonly env: string | null;
  readonly fetch: Fetch;
}

export function readSettings(options: ClientOptions): Settings {
  const devText = env("DEV");
  const isDev = modeOf(options, devText);
  const devUrl = isDev && devText !== undefined && /^https?:\/\//.test(devText) ? devText : undefined;
  const baseUrl = options.baseUrl ?? env("BASE_URL");
  const signingKey = options.signingKey ?? env("SIGNING_KEY");
  const fallback = options.signingKeyFallback ?? env("SIGNING_KEY_FALLBACK");
  return {
    isDev,
    eventKey: options.eventKey ?? env("EVENT_KEY") ?? null,
    signingKeys: [signingKey, fallback].filter((key) => key !== undefined && key !== "") as string[],
    hasFallbackKey: fallback !== undefined && fallback !== "",
    apiUrl: url(baseUrl ?? env("API_BASE_URL") ?? devUrl),
    eventUrl: url(baseUrl ?? env("EVENT_API_BASE_URL") ?? devUrl),
    env: options.env ?? env("ENV") ?? null,
    fetch: options.fetch ?? ((target, init) => fetch(target, init)),
  };
}

/** The event key to send with; throws when production has none. */
export function eventKeyOf(settings: Settings): string {
  if (settings.eventKey !== null && settings.eventKey !== "") return settings.eventKey;
  if (settings.isDev) return EVENT_KEY_NONE;
  throw new StepwellError("event_key_missing");
}

function modeOf(options: ClientOptions, devText: string | undefined): boolean {
  if (options.isProduction !== undefined) return !options.isProduction;
  if (options.isDev !== undefined) return options.isDev;
  return devText !== undefined && !/^(0|false|no|off)$/i.test(devText.trim());
}

function url(text: string | undefined): string {
  const value = text === undefined ? BASE_URL_DEFAULT : /^https?:\/\//.test(text) ? text : `https://${text}`;
  if (!URL.canParse(value)) {
    throw new StepwellError("option_invalid", { where: "baseUrl", reason: `${value} is not a URL` });
  }
  return value.replace(/\/+$/, "");
}
