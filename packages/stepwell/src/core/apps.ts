/**
 * The apps and functions that are registered.
 *
 *   A1. A sync replaces an app's functions as a whole; those that are missing are archived, not forgotten.
 *   A2. A sync with the checksum of the one before changes nothing.
 *   A3. Who is paused stays paused through syncs.
 *   A4. So the pause of a function that is not served any more can be ended; it would be paused again when it comes back.
 */
import type { AppConfig, FunctionConfig } from "../protocol/function.ts";
import { canonicalJson } from "../protocol/json.ts";
import type { PauseMode, StoredApp, StoredFunction } from "./batch.ts";
import type { Instant } from "./instant.ts";

export class Apps {
  readonly #apps = new Map<string, StoredApp>();
  readonly #functions = new Map<string, StoredFunction>();
  readonly #idsBySlug = new Map<string, string>();
  #paused: ReadonlySet<string> = new Set();
  #held: ReadonlySet<string> = new Set();

  constructor(apps: readonly StoredApp[], functions: readonly StoredFunction[]) {
    for (const stored of functions) this.#functions.set(stored.fn.id, stored);
    for (const stored of apps) this.#apps.set(stored.app.id, stored);
    this.#functionsChanged();
  }

  /** Every app with its active functions. */
  list(): AppConfig[] {
    return [...this.#apps.values()].map(({ app }) => ({ ...app, functions: this.#activeOf(app.id) }));
  }

  /** The apps without their functions. */
  stored(): Iterable<StoredApp> {
    return this.#apps.values();
  }

  functionCount(appId: string): number {
    return this.#activeOf(appId).length;
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

  /** All functions, those that have been archived too: they have runs. */
  everyFunction(): StoredFunction[] {
    return [...this.#functions.values()];
  }

  /** The function as it is served now; undefined when it is not. */
  functionOf(functionId: string): FunctionConfig | undefined {
    const stored = this.#functions.get(functionId);
    return stored === undefined || stored.isArchived ? undefined : stored.fn;
  }

  /** The function with this slug or id, as it is served now. */
  find(slugOrId: string): FunctionConfig | undefined {
    const byId = this.functionOf(slugOrId);
    if (byId !== undefined) return byId;
    const id = this.#idsBySlug.get(slugOrId);
    return id === undefined ? undefined : this.functionOf(id);
  }

  /** The function with this slug or id, also when it has been archived; one that is served goes first. */
  findAny(slugOrId: string): FunctionConfig | undefined {
    const served = this.find(slugOrId) ?? this.#functions.get(slugOrId)?.fn;
    if (served !== undefined) return served;
    for (const { fn } of this.#functions.values()) if (fn.slug === slugOrId) return fn;
    return undefined;
  }

  versionOf(functionId: string): number {
    return this.#functions.get(functionId)?.version ?? 0;
  }

  /** How a function is paused, itself or with its app; null when it is not. */
  pauseOf(functionId: string): PauseMode | null {
    const stored = this.#functions.get(functionId);
    return stored === undefined ? null : (stored.paused ?? this.#apps.get(stored.fn.appId)?.paused ?? null);
  }

  pauseOfApp(appId: string): PauseMode | null {
    return this.#apps.get(appId)?.paused ?? null;
  }

  /** True while nothing of the function is called. */
  isPaused(functionId: string): boolean {
    return this.#paused.has(functionId);
  }

  /** Functions that start nothing on their own until they are resumed. */
  get held(): ReadonlySet<string> {
    return this.#held;
  }

  /** Pauses or resumes (`mode` null); the rows that change, or null when there is no such function or app. */
  pause(
    kind: "function" | "app",
    id: string,
    mode: PauseMode | null,
  ): { readonly apps: StoredApp[]; readonly functions: StoredFunction[] } | null {
    if (kind === "app") {
      const stored = this.#apps.get(id);
      if (stored === undefined) return null;
      const app = { ...stored, paused: mode };
      this.#apps.set(id, app);
      this.#findPaused();
      return { apps: [app], functions: [] };
    }
    const fn = mode === null ? this.findAny(id) : this.find(id); // A4
    if (fn === undefined) return null;
    const row = { ...this.#functions.get(fn.id)!, paused: mode };
    this.#functions.set(fn.id, row);
    this.#findPaused();
    return { apps: [], functions: [row] };
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
    const stored: StoredApp = { app, checksum, syncedAt: now, paused: before?.paused ?? null };
    const functions: StoredFunction[] = [];
    for (const fn of app.functions) {
      const known = this.#functions.get(fn.id);
      if (known !== undefined && !known.isArchived && canonicalJson(known.fn) === canonicalJson(fn)) continue;
      const version = (known?.version ?? 0) + 1;
      functions.push({ fn, version, isArchived: false, changedAt: now, paused: known?.paused ?? null });
    }
    const kept = new Set(app.functions.map((fn) => fn.id));
    for (const fn of this.#activeOf(app.id)) if (!kept.has(fn.id)) functions.push(this.#archived(fn.id, now)); // A1
    this.#apps.set(app.id, stored);
    for (const row of functions) this.#functions.set(row.fn.id, row);
    this.#functionsChanged();
    return { app: stored, functions };
  }

  /** Adds or changes one function of an app that does not register itself; the app's row too when it is new. */
  serve(app: AppConfig, fn: FunctionConfig, now: Instant): { readonly apps: StoredApp[]; readonly fn: StoredFunction } {
    const known = this.#functions.get(fn.id);
    const version = (known?.version ?? 0) + 1;
    const row = { fn, version, isArchived: false, changedAt: now, paused: known?.paused ?? null };
    const apps: StoredApp[] = this.#apps.has(app.id) ? [] : [{ app, checksum: "", syncedAt: now, paused: null }];
    for (const stored of apps) this.#apps.set(app.id, stored);
    this.#functions.set(fn.id, row);
    this.#functionsChanged();
    return { apps, fn: row };
  }

  /** Archives an app's functions; null when there is no such app. The checksum goes, so that a sync brings them back. */
  remove(appId: string, now: Instant): { readonly app: StoredApp; readonly functions: StoredFunction[] } | null {
    const stored = this.#apps.get(appId);
    if (stored === undefined) return null;
    const app = { ...stored, checksum: "" };
    const functions = this.#activeOf(appId).map((fn) => this.#archived(fn.id, now));
    this.#apps.set(appId, app);
    for (const row of functions) this.#functions.set(row.fn.id, row);
    this.#functionsChanged();
    return { app, functions };
  }

  #functionsChanged(): void {
    this.#idsBySlug.clear();
    for (const { fn, isArchived } of this.#functions.values()) if (!isArchived) this.#idsBySlug.set(fn.slug, fn.id);
    this.#findPaused();
  }

  #findPaused(): void {
    // The runs of a function that was removed are not held back from their end: nobody could resume it.
    const ids = [...this.#functions].filter(([, stored]) => !stored.isArchived).map(([id]) => id);
    this.#paused = new Set(ids.filter((id) => this.pauseOf(id) !== null));
    this.#held = new Set(ids.filter((id) => this.pauseOf(id) === "hold"));
  }

  #archived(functionId: string, now: Instant): StoredFunction {
    return { ...this.#functions.get(functionId)!, isArchived: true, changedAt: now };
  }

  #activeOf(appId: string): FunctionConfig[] {
    return this.activeFunctions().filter((fn) => fn.appId === appId);
  }
}
