/** The few numbers that matter, as Prometheus reads them. */
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Notice } from "../core/batch.ts";
import type { EngineStats } from "../engine/options.ts";
import type { AppTransport, SaveResults, StopSignal } from "../engine/ports.ts";
import type { Call } from "../protocol/call.ts";
import type { Outcome } from "../protocol/outcome.ts";
import type { Store } from "../store/store.ts";
import type { LogIntakeStats } from "./logs/log-intake.ts";
import type { RealtimeStats } from "./realtime/hub.ts";
import type { RetentionStats } from "./retention/retention.ts";
import type { ExporterStats } from "./tracing/exporter.ts";

const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600];
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** What works beside the engine. */
export interface OtherStats {
  readonly logs: () => LogIntakeStats;
  readonly realtime: () => RealtimeStats;
  readonly retention: () => RetentionStats;
  /** Null: traces go nowhere. */
  readonly tracing: () => ExporterStats | null;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #events: Counter;
  readonly #runs: Counter<"status">;
  readonly #calls: Tally;
  readonly #logins: Counter<"outcome">;
  readonly #callSeconds: Histogram;
  readonly #commits: Counter;
  readonly #commitSeconds: Histogram;
  readonly #lag: IntervalHistogram = monitorEventLoopDelay({ resolution: 20 });

  constructor(stats: () => EngineStats, { logs, realtime, retention, tracing }: OtherStats) {
    const registers = [this.#registry];
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
      new Counter<Label>({ name: `stepwell_${name}`, help, labelNames, registers });
    this.#events = counter("events_received_total", "Events stored, those the engine made included.");
    this.#runs = counter("runs_ended_total", "Runs that ended, by status.", ["status"]);
    const callsHelp = "Calls to apps, by outcome; unreached: there was no connection.";
    this.#calls = new Tally({ name: "stepwell_calls_total", help: callsHelp, registers }, "outcome");
    this.#logins = counter("logins_total", "Attempts to log in, by outcome.", ["outcome"]);
    this.#commits = counter("commits_total", "Transactions stored.");
    this.#callSeconds = new Histogram({
      name: "stepwell_call_duration_seconds",
      help: "Duration of calls to apps.",
      buckets: CALL_SECONDS,
      registers,
    });
    this.#commitSeconds = new Histogram({
      name: "stepwell_commit_duration_seconds",
      help: "Duration of transactions.",
      buckets: COMMIT_SECONDS,
      registers,
    });
    const total = (name: string, help: string, value: () => number) =>
      new Counter({
        name: `stepwell_${name}`,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(value());
        },
      });
    total("log_lines_stored_total", "Lines of handlers that were stored.", () => logs().stored);
    total("log_lines_dropped_total", "Lines of handlers that were left out.", () => logs().dropped);
    total("trace_spans_exported_total", "Spans that a collector took.", () => tracing()?.exported ?? 0);
    total("trace_spans_dropped_total", "Spans that were left out.", () => tracing()?.dropped ?? 0);
    total("realtime_messages_total", "Messages published to realtime channels.", () => realtime().messages);
    total("realtime_slow_listeners_total", "Listeners let go because they did not read.", () => realtime().slow);
    total("runs_deleted_total", "Runs that retention deleted.", () => retention().deleted.runs);
    total("events_deleted_total", "Events that retention deleted.", () => retention().deleted.events);
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name: `stepwell_${name}`,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    gauge("calls_in_flight", "Calls that are out.", () => stats().calls);
    gauge("jobs_ready", "Jobs that wait only for their turn.", () => stats().readyJobs);
    gauge(
      "jobs_in_memory",
      "Jobs the scheduler holds in memory; later ones stay in the store.",
      () => stats().jobHints,
    );
    gauge("commands_waiting", "Commands that wait to be applied.", () => stats().waitingCommands);
    gauge("runs_resident", "Runs in memory.", () => stats().residentRuns);
    gauge("reloads", "Times the engine loaded everything again after a failure.", () => stats().reloads);
    gauge("log_lines_waiting", "Lines of handlers that wait to be stored.", () => logs().waiting);
    gauge("realtime_listeners", "Who listens to realtime channels.", () => realtime().listeners);
    gauge("store_bytes", "What the store holds, as retention last saw it.", () => retention().sizeBytes ?? 0);
    gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
    gauge("event_loop_lag_p99_seconds", "Event loop delay since the last scrape, 99th percentile.", () =>
      this.#takeLag(),
    );
    this.#lag.enable();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  close(): void {
    this.#lag.disable();
  }

  /** Counts an attempt to log in. */
  loggedIn(outcome: "done" | "failed" | "refused"): void {
    this.#logins.inc({ outcome });
  }

  /** Counts what was committed. */
  noticed(notices: readonly Notice[]): void {
    for (const notice of notices) {
      if (notice.kind === "event_received") this.#events.inc();
      else if (notice.kind === "run_ended") this.#runs.inc({ status: notice.status });
    }
  }

  /** The transport, with its calls counted and timed. */
  metered(transport: AppTransport): AppTransport {
    return {
      call: (call: Call, save: SaveResults, signal: StopSignal): Promise<Outcome> => {
        const startedAt = performance.now();
        return transport.call(call, save, signal).then((outcome) => {
          const kind = outcome.kind === "failed" && outcome.isUnreached === true ? "unreached" : outcome.kind;
          this.#calls.add(kind);
          this.#callSeconds.observe((performance.now() - startedAt) / 1_000);
          return outcome;
        });
      },
      close: () => transport.close(),
    };
  }

  /** The store, with its commits counted and timed. */
  meteredStore(store: Store): Store {
    const commit: Store["commit"] = async (batch, fence) => {
      const startedAt = performance.now();
      await store.commit(batch, fence);
      this.#commits.inc();
      this.#commitSeconds.observe((performance.now() - startedAt) / 1_000);
    };
    return new Proxy(store, {
      get(target, name) {
        if (name === "commit") return commit;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  #takeLag(): number {
    const seconds = this.#lag.percentile(99) / 1e9;
    this.#lag.reset();
    return Number.isFinite(seconds) ? seconds : 0;
  }
}

/** A counter with one label for what happens all the time: counted by hand, and told when somebody asks. */
class Tally {
  readonly #counts = new Map<string, number>();

  constructor(options: { readonly name: string; readonly help: string; registers: Registry[] }, label: string) {
    const counts = this.#counts;
    new Counter({
      ...options,
      labelNames: [label],
      collect() {
        this.reset();
        for (const [value, count] of counts) this.inc({ [label]: value }, count);
      },
    });
  }

  add(value: string): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }
}
