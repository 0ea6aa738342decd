/**
 * Function configuration as the engine keeps it: normalised by the server from what an app registers.
 * Flow control is kept as registered (`flow`) for the rules that read it.
 */
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
