/**
 * The apps and functions that are registered.
 *
 *   A1. A sync replaces an app's functions as a whole; those that are missing are archived, not forgotten.
 *   A2. A sync with the checksum of the one before changes nothing.
 */
import type { AppConfig, FunctionConfig } from "../protocol/function.ts";
import { canonicalJson } from "../protocol/json.ts";
import type { StoredApp, StoredFunction } from "./batch.ts";
import type { Instant } from "./instant.ts";

export class Apps {
  readonly #apps = new Map<string, StoredApp>();
  readonly #functions = new Map<string, StoredFunction>();

  constructor(apps: readonly StoredApp[], functions: readonly StoredFunction[]) {
    for (const stored of functions) this.#functions.set(stored.fn.id, stored);
    for (const stored of apps) this.#apps.set(stored.app.id, stored);
  }

  /** Every app with its active functions. */
  list(): AppConfig[] {
    return [...this.#apps.values()].map(({ app }) => ({ ...app, functions: this.#activeOf(app.id) }));
  }

  syncedAt(appId: string): Instant | null {
    return this.#apps.get(appId)?.syncedAt ?? null;
  }

  activeFunctions(): FunctionConfig[] {
    return [...this.#functions.values()].filter((stored) => !stored.isArchived).map((stored) => stored.fn);
  }

  /** The function, also when it has been archived: for names in lists. */
  anyFunction(functionId: string): StoredFunction | undefined {
    return this.#functions.get(functionId);
  }

  /** The function as it is served now; undefined when it is not. */
  functionOf(functionId: string): FunctionConfig | undefined {
    const stored = this.#functions.get(functionId);
    return stored === undefined || stored.isArchived ? undefined : stored.fn;
  }

  appIdOf(functionId: string): string {
    return this.#functions.get(functionId)?.fn.appId ?? "";
  }

  /** The rows that change, or null when nothing does (A2). */
  sync(
    app: AppConfig,
    checksum: string,
    now: Instant,
  ): { readonly app: StoredApp; readonly functions: StoredFunction[] } | null {
    const before = this.#apps.get(app.id);
    if (before?.checksum === checksum) return null;
    const stored: StoredApp = { app, checksum, syncedAt: now };
    const functions: StoredFunction[] = [];
    for (const fn of app.functions) {
      const known = this.#functions.get(fn.id);
      if (known !== undefined && !known.isArchived && canonicalJson(known.fn) === canonicalJson(fn)) continue;
      functions.push({ fn, version: (known?.version ?? 0) + 1, isArchived: false });
    }
    const kept = new Set(app.functions.map((fn) => fn.id));
    for (const fn of this.#activeOf(app.id)) if (!kept.has(fn.id)) functions.push(this.#archived(fn.id)); // A1
    this.#apps.set(app.id, stored);
    for (const row of functions) this.#functions.set(row.fn.id, row);
    return { app: stored, functions };
  }

  /** Archives an app's functions; null when there is no such app. The checksum goes, so that a sync brings them back. */
  remove(appId: string): { readonly app: StoredApp; readonly functions: StoredFunction[] } | null {
    const stored = this.#apps.get(appId);
    if (stored === undefined) return null;
    const app = { ...stored, checksum: "" };
    const functions = this.#activeOf(appId).map((fn) => this.#archived(fn.id));
    this.#apps.set(appId, app);
    for (const row of functions) this.#functions.set(row.fn.id, row);
    return { app, functions };
  }

  #archived(functionId: string): StoredFunction {
    return { ...this.#functions.get(functionId)!, isArchived: true };
  }

  #activeOf(appId: string): FunctionConfig[] {
    return this.activeFunctions().filter((fn) => fn.appId === appId);
  }
}
