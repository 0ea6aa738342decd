/**
 * Addresses whose last sync failed, with what was wrong: kept in memory, because the next attempt says it again.
 *
 *   SF1. An address that answers properly leaves the list; so does the oldest one when there are too many.
 */
import type { Instant } from "../core/instant.ts";
import { isStepwellError, type StepwellError } from "../protocol/errors.ts";
import { normalizeAppUrl, shownUrl } from "./app-url.ts";
import type { Syncer } from "./sync.ts";

export interface SyncFailure {
  readonly url: string;
  /** Null: it was never known which app is there. */
  readonly app: string | null;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly count: number;
  readonly error: StepwellError;
}

const ADDRESSES_MAX = 100;

export class SyncFailures {
  readonly #byUrl = new Map<string, SyncFailure>();
  readonly #now: () => Instant;

  constructor(now: () => Instant) {
    this.#now = now;
  }

  /** The latest first. */
  list(): readonly SyncFailure[] {
    return [...this.#byUrl.values()].sort((a, b) => b.lastAt - a.lastAt);
  }

  /** Somebody was asked, or announced itself, and this was wrong. */
  failed(url: string, error: unknown, app: string | null = null): void {
    if (!isStepwellError(error)) return;
    const key = keyOf(url);
    const known = this.#byUrl.get(key);
    const at = this.#now();
    this.#byUrl.delete(key);
    this.#byUrl.set(key, {
      url: shownUrl(key),
      app: app ?? known?.app ?? null,
      firstAt: known?.firstAt ?? at,
      lastAt: at,
      count: (known?.count ?? 0) + 1,
      error,
    });
    if (this.#byUrl.size > ADDRESSES_MAX) this.#byUrl.delete(this.#byUrl.keys().next().value!); // SF1
  }

  succeeded(url: string): void {
    this.#byUrl.delete(keyOf(url));
  }

  /** The syncer, with its failures noted. */
  watching(syncer: Syncer): Syncer {
    return {
      sync: async (url) => {
        try {
          const outcome = await syncer.sync(url);
          this.succeeded(url);
          return outcome;
        } catch (error) {
          this.failed(url, error);
          throw error;
        }
      },
      register: async (registration) => {
        const isModified = await syncer.register(registration);
        this.succeeded(registration.app.url);
        return isModified;
      },
    };
  }
}

const keyOf = (url: string): string => normalizeAppUrl(url) ?? url.slice(0, 2_048);
