/**
 * Finding apps: known addresses are asked again and again, so that a changed app is seen at once;
 * in dev mode the usual ports of this machine are looked at too.
 *
 *   DI1. Only this machine is searched, never the server's own port.
 *   DI2. One round at a time; the next begins an interval after the last has ended.
 *   DI3. Quiet: an address is mentioned when its state changes, not at every round.
 */
import type { Clock } from "../engine/ports.ts";
import { isStepwellError } from "../protocol/errors.ts";
import { normalizeAppUrl, shownUrl } from "./app-url.ts";
import type { ServerLog } from "./log.ts";
import type { SyncOutcome } from "./sync.ts";

const DISCOVERY_PORTS: readonly number[] = [
  80, 443, 3000, 3001, 3002, 3003, 3004, 3005, 3006, 3007, 3008, 3009, 3010, 4321, 5000, 5173, 8000, 8080, 8081, 8787,
  8888, 8910, 8911, 8912, 8913, 8914, 8915,
];

const DISCOVERY_PATHS: readonly string[] = [
  "/api/stepwell",
  "/api/inngest",
  "/x/inngest",
  "/.netlify/functions/inngest",
  "/.redwood/functions/inngest",
];

/** What answers at an address: an app, something else, or nothing at all. */
export type Probe = (url: string) => Promise<"app" | "other" | "closed">;

export interface DiscoveryOptions {
  readonly clock: Clock;
  readonly sync: (url: string) => Promise<SyncOutcome>;
  readonly probe: Probe;
  readonly log: ServerLog;
  /** Addresses the user named. */
  readonly appUrls: readonly string[];
  /** Addresses of apps that are registered by now. */
  readonly registeredUrls: () => readonly string[];
  /** Look at the usual ports as well. */
  readonly isSearching: boolean;
  readonly ports: readonly number[];
  readonly pollIntervalMs: number;
  /** False: each named address is asked until it answered once, and then left alone. */
  readonly isPolling: boolean;
}

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #found = new Set<string>();
  readonly #states = new Map<string, string>();
  #cancel: (() => void) | null = null;
  #isStopped = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  start(): void {
    this.#again(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  /** One round: ask what is known, then look for more. */
  async round(): Promise<void> {
    const known = this.#known();
    await Promise.all(known.map((url) => this.#ask(url)));
    if (this.#options.isSearching) await this.#search(new Set(known.map(portOf)));
  }

  #again(delayMs: number): void {
    const { clock, pollIntervalMs, log } = this.#options;
    if (this.#isStopped || this.#isDone()) return;
    this.#cancel = clock.at(clock.now() + delayMs, () => {
      this.round()
        .catch((error: unknown) => log.warn("looking for apps failed", { error: String(error) }))
        .finally(() => this.#again(pollIntervalMs)); // DI2
    });
  }

  #isDone(): boolean {
    const { isPolling, isSearching, appUrls } = this.#options;
    return !isPolling && !isSearching && appUrls.every((url) => this.#states.get(url) === "");
  }

  #known(): string[] {
    const { appUrls, isPolling, registeredUrls } = this.#options;
    if (!isPolling) return appUrls.filter((url) => this.#states.get(url) !== "");
    // An app registers under names of its own: the address that was given or found first stands for all of them.
    const byApp = new Map<string, string>();
    for (const url of [...appUrls, ...this.#found, ...registeredUrls()]) {
      const app = normalizeAppUrl(url) ?? url;
      if (!byApp.has(app)) byApp.set(app, url);
    }
    return [...byApp.values()];
  }

  async #ask(url: string): Promise<boolean> {
    try {
      await this.#options.sync(url);
      this.#note(url, "");
      return true;
    } catch (error) {
      this.#note(url, isStepwellError(error) ? error.message : String(error));
      return false;
    }
  }

  /** DI3. */
  #note(url: string, problem: string): void {
    const before = this.#states.get(url);
    this.#states.set(url, problem);
    if (before === problem || this.#isStopped) return;
    if (problem !== "") this.#options.log.warn(problem);
    else if (before !== undefined) this.#options.log.info("app is reachable again", { url: shownUrl(url) });
  }

  async #search(taken: ReadonlySet<number>): Promise<void> {
    await Promise.all(this.#options.ports.filter((port) => !taken.has(port)).map((port) => this.#searchPort(port)));
  }

  async #searchPort(port: number): Promise<void> {
    for (const path of DISCOVERY_PATHS) {
      const url = `http://localhost:${port}${path}`;
      const answer = await this.#options.probe(url);
      if (answer === "closed" || this.#isStopped) return;
      if (answer !== "app") continue;
      this.#found.add(url);
      this.#options.log.info("app found", { url });
      await this.#ask(url);
      return;
    }
  }
}

/** The ports to search: the usual ones and `$PORT`, without the server's own (DI1). */
export function discoveryPorts(ownPort: number, extra: string | undefined): number[] {
  const more = extra !== undefined && /^\d{1,5}$/.test(extra) ? [Number(extra)] : [];
  return [...new Set([...DISCOVERY_PORTS, ...more])].filter((port) => port !== ownPort && port > 0 && port < 65_536);
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
