/**
 * Apps that cannot be reached: none of their functions is called, but for one probe at a time.
 *
 *   AC1. An app is down from the first call that could not connect to it until a probe connects, or until it registers.
 *   AC2. While it is down one call is made at a time, the probe, and only once the wait is over. The outcomes of calls that
 *        were out before tell of another time and change nothing.
 *   AC3. The waits grow from probe to probe. A probe that is out for longer than connecting can take has connected.
 *   AC4. Nothing of it is stored: a process that begins calls its apps afresh.
 */
import { LIMITS } from "../../protocol/limits.ts";
import type { Outcome } from "../../protocol/outcome.ts";
import type { Instant } from "../instant.ts";

/** An app that does not answer. */
export interface AppDown {
  readonly since: Instant;
  /** Why the last try failed, for people. */
  readonly reason: string;
  /** How often it could not be reached in a row. */
  readonly tries: number;
  /** When the next probe may be made. */
  readonly probeAt: Instant;
  /** The call that probes it, while it is out (rules.ts, callHolder). */
  readonly probe: string | null;
}

/** What a call's outcome says about its app; null: nothing. */
export type Contact = { readonly isReached: true } | { readonly isReached: false; readonly reason: string } | null;

const REACHED: Contact = { isReached: true };

export function contactOf(outcome: Outcome): Contact {
  if (outcome.kind === "failed" && outcome.isUnreached === true)
    return { isReached: false, reason: outcome.error.message };
  return outcome.kind !== "failed" || outcome.status !== null ? REACHED : null;
}

export class AppContacts {
  readonly #down = new Map<string, AppDown>();

  /** What a call may be while things stand like this. */
  allows(appId: string, now: Instant): "call" | "probe" | "nothing" {
    const down = this.#down.get(appId);
    if (down === undefined) return "call";
    return down.probe === null && down.probeAt <= now ? "probe" : "nothing"; // AC2
  }

  /** A call begins; if the app is down, it is the probe. */
  began(appId: string, holder: string, now: Instant): void {
    const down = this.#down.get(appId);
    if (down !== undefined) this.#down.set(appId, { ...down, probe: holder, probeAt: now + LIMITS.appProbeMs });
  }

  /** The call has ended without telling anything: another one may probe. */
  ended(appId: string, holder: string, now: Instant): void {
    const down = this.#down.get(appId);
    if (down?.probe === holder) this.#down.set(appId, { ...down, probe: null, probeAt: now });
  }

  /** The call could not connect. Returns when the next may be made; null when that changes nothing (AC2). */
  failed(appId: string, holder: string, reason: string, now: Instant): Instant | null {
    const down = this.#down.get(appId);
    if (down !== undefined && down.probe !== holder) return null;
    const tries = (down?.tries ?? 0) + 1;
    const waitMs = Math.min(LIMITS.appDownMsMin * 2 ** (tries - 1), LIMITS.appDownMsMax); // AC3
    this.#down.set(appId, { since: down?.since ?? now, reason, tries, probeAt: now + waitMs, probe: null });
    return now + waitMs;
  }

  /** The call connected, or the app registered (`holder` null). True when it was down until now. */
  reached(appId: string, holder: string | null): boolean {
    const down = this.#down.get(appId);
    if (down === undefined || (holder !== null && down.probe !== holder)) return false;
    return this.#down.delete(appId);
  }

  /** True when a probe has been out so long that it must have connected (AC3). */
  mustHaveConnected(appId: string, now: Instant): boolean {
    const down = this.#down.get(appId);
    return down !== undefined && down.probe !== null && down.probeAt <= now;
  }

  find(appId: string): AppDown | null {
    return this.#down.get(appId) ?? null;
  }
}
