/**
 * Function configuration as the engine keeps it: normalised by the server from what an app registers.
 * What flow control means is in flow.ts.
 */
import type { FlowConfig } from "./flow.ts";
import type { JsonObject } from "./json.ts";

export interface EventTrigger {
  readonly kind: "event";
  /** A name, or a pattern that ends in `/*` or `.*`. */
  readonly event: string;
  /** CEL over `event`; null means always. */
  readonly expression: string | null;
}

export type Misfire = "skip" | "once" | "all";
export type Overlap = "allow" | "skip" | "cancel" | "queue";

export interface CronTrigger {
  readonly kind: "cron";
  /** Exactly as registered, time zone prefix included. */
  readonly cron: string;
  /** Upper bound of the random delay in ms; 0 for none. */
  readonly jitterMs: number;
  /** Which ticks missed while nobody ran are made up for. */
  readonly misfire: Misfire;
  /** What happens when the previous tick's run has not ended. */
  readonly overlap: Overlap;
}

export type Trigger = EventTrigger | CronTrigger;

/** An event that cancels a run of the function. */
export interface CancelRule {
  readonly event: string;
  /** CEL over `event` (the run's trigger) and `async` (the arriving event); null for any event of the name. */
  readonly expression: string | null;
  /** How long after the run's creation the rule holds: a duration or an ISO date; null for as long as the run. */
  readonly timeout: string | null;
}

/** Limits on the time of a run; each null when there is none. */
export interface RunTimeouts {
  /** From the planned start to the first call. */
  readonly startMs: number | null;
  /** From the first call to the end. */
  readonly finishMs: number | null;
  /** True: a run whose time is over has failed; otherwise it was cancelled. */
  readonly asFailure: boolean;
}

export const NO_TIMEOUTS: RunTimeouts = { startMs: null, finishMs: null, asFailure: false };

export interface FunctionConfig {
  /** UUID made of app and slug; the same on every server. */
  readonly id: string;
  /** `<app id>-<function id>`. */
  readonly slug: string;
  readonly name: string;
  readonly appId: string;
  readonly triggers: readonly Trigger[];
  /** Attempts after the first. */
  readonly retries: number;
  /** Where it is called: `http(s)://…?fnId=…`, or `inproc:` for functions of this process. */
  readonly url: string;
  readonly cancelOn: readonly CancelRule[];
  readonly timeouts: RunTimeouts;
  readonly flow: FlowConfig;
  /** As registered, for display and for later rules. */
  readonly raw: JsonObject;
}

export interface AppConfig {
  /** The client id: the app's name. */
  readonly id: string;
  readonly url: string;
  readonly sdk: string;
  readonly framework: string;
  readonly version: string | null;
  readonly functions: readonly FunctionConfig[];
}

export function functionId(appId: string, slug: string): string {
  return `${appId}/${slug}`;
}
