/** `stepwell dev`: the server on a developer's machine. Any key will do, apps are found, and what happens is told. */
import type { Attempt, Notice } from "../core/batch.ts";
import { MAIN_SLOT } from "../core/run/run.ts";
import { shownUrl } from "../server/app-url.ts";
import { createLog, type ServerLog } from "../server/log.ts";
import type { RunningServer } from "../server/server.ts";
import { readTracingConfig } from "../server/tracing/otel-config.ts";
import { MemoryStore } from "../store/memory.ts";
import { SqliteStore } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { type AccessOptions, readAccess } from "./access-settings.ts";
import { prepareDataDir } from "./data-dir.ts";
import type { ExitCode } from "./exit-code.ts";
import { functionsText, LiveLines } from "./live-lines.ts";
import { freePort } from "./port.ts";
import type { LogChoice } from "./program.ts";
import { policyOf, type RetentionChoice } from "./retention-choice.ts";
import { pollIntervalMs, serve, unfinishedRuns } from "./serve.ts";
import { type Environment, setting } from "./settings.ts";
import { setUpLines } from "./start.ts";
import type { Terminal } from "./terminal.ts";

export interface DevOptions extends LogChoice, AccessOptions, RetentionChoice {
  readonly url: readonly string[];
  readonly discovery: boolean;
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly ephemeral: boolean;
  /** Seconds; undefined for the usual curve. */
  readonly retryInterval?: number;
  /** Seconds. */
  readonly pollInterval: number;
  /** Seconds. */
  readonly grace: number;
}

export async function dev(options: DevOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const port = await freePort(options.host, options.port);
  if (port !== options.port) terminal.complain(`Port ${options.port} is in use; taking ${port}.`);
  const access = readAccess(options, env);
  const retention = policyOf(options, env);
  const isPretty = options.logFormat === "pretty";
  // The live lines tell what happened; of the log's own lines only warnings are news, unless somebody asks for more.
  const log = createLog({
    format: isPretty ? "human" : "json",
    level: options.logLevel ?? (isPretty ? "warn" : "info"),
    ...(isPretty ? { write: (line: string) => terminal.print(line.trimEnd()) } : {}),
  });
  return serve({
    terminal,
    isJson: !isPretty,
    options: {
      store: storeOf(options),
      storeLabel: options.ephemeral ? "memory" : `sqlite ${options.dataDir}`,
      kind: "dev",
      host: options.host,
      port,
      eventKeys: [],
      ...access,
      signingKey: setting(undefined, "SIGNING_KEY", env) ?? null,
      signingKeyFallback: setting(undefined, "SIGNING_KEY_FALLBACK", env) ?? null,
      retryIntervalMs: options.retryInterval === undefined ? null : options.retryInterval * 1_000,
      log,
      appUrls: options.url,
      discover: options.discovery,
      pollIntervalMs: pollIntervalMs(options.pollInterval),
      shutdownGraceMs: options.grace * 1_000,
      retention,
      tracing: readTracingConfig(env, log),
    },
    started: (server) => (isPretty ? tellPretty(server, options, terminal) : tellLog(server, options, log)),
    stopping: () => {
      if (isPretty) terminal.print("\nstopping; once more ends it at once");
      else log.info("stopping");
    },
  });
}

function storeOf(options: DevOptions): Store {
  if (options.ephemeral) return new MemoryStore();
  return new SqliteStore({ path: prepareDataDir(options.dataDir), synchronous: "normal" });
}

async function tellPretty(server: RunningServer, options: DevOptions, terminal: Terminal): Promise<void> {
  const { bold, cyan, dim } = terminal.colors;
  const apps = server.engine.apps.list().filter((app) => app.functions.length > 0);
  terminal.print(`${bold("stepwell dev")}
  server     ${cyan(server.url)}
  dashboard  ${cyan(`${server.url}/`)}
  data       ${options.ephemeral ? "in memory, gone when this ends" : `${options.dataDir}/, kept between restarts`}
${dim("  any event key is accepted; do not use this in production (see `stepwell start`)")}${accessLines(server, terminal)}
`);
  for (const app of apps)
    terminal.print(dim(`known app ${app.id}, ${functionsText(app.functions.length)}, at ${shownUrl(app.url)}`));
  if (apps.length === 0) terminal.print(dim(waitingText(server, options)));
  watchPretty(server, terminal); // Before anything is awaited: nothing that happens from here on is missed.
  const openRuns = await unfinishedRuns(server);
  if (openRuns !== null) terminal.print(`unfinished runs: ${openRuns}, carrying on`);
}

/** What a server says that others can reach. */
function accessLines({ isOpen, setupUrl }: RunningServer, terminal: Terminal): string {
  if (isOpen) return "";
  const { dim } = terminal.colors;
  const lines = dim("\n  others can reach it, so dashboard and API want a log-in, an API token or the signing key");
  return setupUrl === null ? lines : lines + setUpLines(setupUrl, terminal);
}

export function waitingText(
  server: Pick<RunningServer, "port" | "url">,
  options: Pick<DevOptions, "url" | "discovery">,
): string {
  const isNamed = options.url.length > 0;
  const where = isNamed ? `at ${options.url.map(shownUrl).join(", ")}` : "on the usual ports";
  const looking = options.discovery || isNamed ? `waiting for an app ${where}` : "waiting for an app";
  const isElsewhere = server.port !== 8288;
  return `${looking}; set STEPWELL_DEV=${isElsewhere ? server.url : "1"} in the app${isNamed ? "" : ", or pass -u URL of its endpoint"}`;
}

function watchPretty(server: RunningServer, terminal: Terminal): void {
  const { engine } = server;
  const lines = new LiveLines(
    {
      functionName: (id) => engine.apps.anyFunction(id)?.fn.slug ?? id,
      functionCount: (appId) => engine.apps.list().find((app) => app.id === appId)?.functions.length ?? 0,
    },
    terminal.colors,
  );
  const tell = (notice: Notice, problem: string | null) => {
    for (const line of lines.lines(notice, problem)) terminal.print(line);
  };
  engine.watch((notices) => {
    for (const notice of notices) {
      const isFailure = notice.kind === "attempt_failed" || (notice.kind === "run_ended" && notice.status === "failed");
      if (!isFailure || !lines.hasRoom(notice.at)) tell(notice, null);
      else void problemOf(server, notice).then((problem) => tell(notice, problem));
    }
  });
}

async function problemOf({ engine }: RunningServer, notice: Notice): Promise<string | null> {
  const error = await (notice.kind === "run_ended"
    ? errorOfRun(engine.store, notice)
    : lastError(engine.store, notice));
  if (error === null) return null;
  const { name, message } = JSON.parse(error) as { name?: string; message?: string };
  return [name, message?.split("\n")[0]].filter((part) => part !== undefined && part !== "").join(": ");
}

/** A store that cannot say it leaves the line without a reason. */
async function errorOfRun(store: Store, notice: Notice): Promise<string | null> {
  return (await store.getRun("default", notice.id).catch(() => null))?.error ?? null;
}

async function lastError(store: Store, { runId, id }: Notice): Promise<string | null> {
  const slots = runId === null || id === runId ? [MAIN_SLOT] : [id];
  const attempts = await store.listAttempts(runId ?? id, slots).catch(() => []);
  const last = attempts.reduce<Attempt | null>((latest, one) => {
    return latest === null || one.endedAt >= latest.endedAt ? one : latest;
  }, null);
  return last?.error ?? null;
}

async function tellLog(server: RunningServer, options: DevOptions, log: ServerLog): Promise<void> {
  log.info("listening", { url: server.url, data: options.ephemeral ? "memory" : options.dataDir });
  if (server.setupUrl !== null) log.info("no user yet: open this once, within a day", { setUp: server.setupUrl });
  const openRuns = await unfinishedRuns(server);
  if (openRuns !== null) log.info("unfinished runs, carrying on", { runs: openRuns });
}
