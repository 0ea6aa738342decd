/**
 * Sends spans to a collector (OTLP over HTTP, as JSON).
 *
 *   OX1. One request at a time, with as many spans as have come together; what waits is bounded, and more is counted.
 *   OX2. What the collector asks for again is sent again a few times; then it is counted as dropped. Nothing else waits for it.
 */

import type { Clock, EngineLog } from "../../engine/ports.ts";
import { errorText } from "../../protocol/error-value.ts";
import { VERSION } from "../../protocol/version.ts";
import type { TracingConfig } from "./otel-config.ts";
import type { Attribute, Span } from "./spans.ts";

const WAIT_MS = 1_000;
const BATCH_SPANS = 512;
const WAITING_SPANS_MAX = 20_000;
const TRIES_MAX = 4;
const RETRY_MS = 1_000;
/** How long the last spans may take when the server is stopped. */
const STOP_MS_MAX = 2_000;
const WARN_MS = 60_000;

export interface ExporterOptions {
  readonly config: TracingConfig;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly fetch?: typeof fetch;
}

export interface ExporterStats {
  readonly exported: number;
  readonly dropped: number;
  readonly waiting: number;
}

export class Exporter {
  readonly #options: ExporterOptions;
  readonly #resource: readonly Attribute[];
  #waiting: Span[] = [];
  #cancel: (() => void) | null = null;
  #underWay: Promise<void> | null = null;
  #exported = 0;
  #dropped = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;
  readonly #stop = new AbortController();

  constructor(options: ExporterOptions) {
    this.#options = options;
    const { serviceName, resource } = options.config;
    const known = { ...resource, "service.name": serviceName, "service.version": VERSION };
    this.#resource = Object.entries(known).map(([key, value]) => ({ key, value: { stringValue: value } }));
  }

  get stats(): ExporterStats {
    return { exported: this.#exported, dropped: this.#dropped, waiting: this.#waiting.length };
  }

  add(spans: readonly Span[]): void {
    const room = Math.max(WAITING_SPANS_MAX - this.#waiting.length, 0);
    for (const span of spans.slice(0, room)) this.#waiting.push(span);
    this.drop(spans.length - Math.min(room, spans.length)); // OX1
    if (this.#waiting.length >= BATCH_SPANS) void this.flush();
    else if (this.#waiting.length > 0 && this.#cancel === null && this.#underWay === null) {
      const { clock } = this.#options;
      this.#cancel = clock.at(clock.now() + WAIT_MS, () => void this.flush());
    }
  }

  /** Spans that never were. */
  drop(count: number): void {
    this.#dropped += count;
  }

  flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    this.#underWay ??= this.#sendAll().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  async close(): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), STOP_MS_MAX);
    await this.flush();
    clearTimeout(timer);
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const spans = this.#waiting.splice(0, BATCH_SPANS);
      if (await this.#sendBatch(spans)) this.#exported += spans.length;
      else this.drop(spans.length);
    }
  }

  async #sendBatch(spans: readonly Span[]): Promise<boolean> {
    const scope = { name: "stepwell", version: VERSION };
    const resourceSpans = [{ resource: { attributes: this.#resource }, scopeSpans: [{ scope, spans }] }];
    const body = JSON.stringify({ resourceSpans });
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      const problem = await this.#post(body);
      if (problem === null) return true;
      if (!problem.isTransient || tries >= TRIES_MAX) {
        this.#warn(problem.reason);
        return false;
      }
      await this.#pause(RETRY_MS * 2 ** (tries - 1));
    }
    return false;
  }

  /** Null: it was taken. */
  async #post(body: string): Promise<{ readonly isTransient: boolean; readonly reason: string } | null> {
    const { config } = this.#options;
    const signal = AbortSignal.any([AbortSignal.timeout(config.timeoutMs), this.#stop.signal]);
    const headers = { ...config.headers, "content-type": "application/json" };
    try {
      const response = await (this.#options.fetch ?? fetch)(config.url, { method: "POST", headers, body, signal });
      await response.arrayBuffer(); // Lets go of the connection.
      if (response.ok) return null;
      const isTransient = [429, 502, 503, 504].includes(response.status);
      return { isTransient, reason: `HTTP ${response.status}` };
    } catch (error) {
      return { isTransient: true, reason: errorText(error) };
    }
  }

  #pause(delayMs: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        signal.removeEventListener("abort", end); // It outlives every pause.
        resolve();
      };
      const cancel = clock.at(clock.now() + delayMs, end);
      signal.addEventListener("abort", end);
    });
  }

  #warn(reason: string): void {
    const now = this.#options.clock.now();
    if (now - this.#warnedAt < WARN_MS) return;
    this.#warnedAt = now;
    this.#options.log.warn("traces could not be sent", { url: this.#options.config.url, reason });
  }
}
