/** `stepwell start`: the server for production. Keys are required, and what is acknowledged survives a power cut. */
import { isLoopback } from "../server/access/access.ts";
import { createLog, type ServerLog } from "../server/log.ts";
import type { RunningServer } from "../server/server.ts";
import { readTracingConfig } from "../server/tracing/otel-config.ts";
import { SqliteStore } from "../store/sqlite.ts";
import { type AccessOptions, readAccess } from "./access-settings.ts";
import { prepareDataDir } from "./data-dir.ts";
import type { ExitCode } from "./exit-code.ts";
import { isShort, type KeyOptions, readKeys, type ServerKeys } from "./keys.ts";
import type { LogChoice } from "./program.ts";
import { policyOf, type RetentionChoice } from "./retention-choice.ts";
import { pollIntervalMs, serve, unfinishedRuns } from "./serve.ts";
import type { Environment } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface StartOptions extends LogChoice, RetentionChoice, KeyOptions, AccessOptions {
  readonly url: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Seconds. */
  readonly pollInterval: number;
  /** Seconds. */
  readonly grace: number;
  readonly allowPrivateRequests: boolean;
  readonly publicAppsOnly: boolean;
}

export async function start(options: StartOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const keys = readKeys(options, env);
  const access = readAccess(options, env);
  const retention = policyOf(options, env);
  const isPretty = options.logFormat === "pretty";
  const log = createLog({
    format: isPretty ? "human" : "json",
    level: options.logLevel ?? "info",
    ...(isPretty ? { write: (line: string) => terminal.print(line.trimEnd()) } : {}),
  });
  return serve({
    terminal,
    isJson: !isPretty,
    options: {
      store: new SqliteStore({ path: prepareDataDir(options.dataDir), synchronous: "full" }),
      storeLabel: `sqlite ${options.dataDir}`,
      kind: "cloud",
      host: options.host,
      port: options.port,
      ...keys,
      ...access,
      log,
      appUrls: options.url,
      discover: false,
      pollIntervalMs: pollIntervalMs(options.pollInterval),
      shutdownGraceMs: options.grace * 1_000,
      retention,
      tracing: readTracingConfig(env, log),
      allowPrivateRequests: options.allowPrivateRequests,
      publicAppsOnly: options.publicAppsOnly,
    },
    started: (server) => (isPretty ? tellPretty(server, options, keys, terminal) : tellLog(server, options, keys, log)),
    stopping: (signal) => log.info("stopping", { signal, graceSeconds: options.grace }),
  });
}

interface Exposure {
  readonly isProtected: readonly string[];
  readonly isOpen: readonly string[];
}

/** What a stranger who reaches the port can and cannot do. */
export function exposureOf(
  options: Pick<StartOptions, "host"> & { readonly publicUrl?: string } & Partial<
      Pick<StartOptions, "allowPrivateRequests">
    >,
  keys: ServerKeys,
): Exposure {
  const count = keys.eventKeys.length;
  const isProtected = [
    `sending events: ${count === 1 ? "the event key" : `one of ${count} event keys`}`,
    "dashboard and API: a log-in, an API token or the signing key",
    ...(keys.signingKeyFallback === null ? [] : ["requests here: the fallback key is accepted too"]),
    "calls to apps: signed with the current key",
  ];
  const isOpen = ["/health, and the log-in page"];
  if (options.publicUrl?.startsWith("https:") !== true) {
    isOpen.push("transport: plain HTTP, so put a proxy with TLS before it, and name it with --public-url");
  }
  if (options.allowPrivateRequests === true)
    isOpen.push("requests of steps: they may reach this machine and its network");
  if (!isLoopback(options.host)) isOpen.push(`the port: reachable from other machines (--host ${options.host})`);
  if ([keys.signingKey, keys.signingKeyFallback ?? ""].some((key) => key !== "" && isShort(key))) {
    isOpen.push("the signing key is short; make one with `openssl rand -hex 32`");
  }
  return { isProtected, isOpen };
}

/** Where the first user is made. */
export function setUpLines(setupUrl: string, { colors }: Terminal): string {
  return `
  set up  ${colors.cyan(setupUrl)}
          ${colors.dim("makes the first user; works once, within a day (or `stepwell users create NAME --scope admin`)")}`;
}

async function tellPretty(server: RunningServer, options: StartOptions, keys: ServerKeys, terminal: Terminal) {
  const { bold, cyan, green, yellow } = terminal.colors;
  const openRuns = await unfinishedRuns(server);
  const { isProtected, isOpen } = exposureOf(options, keys);
  terminal.print(`${bold("stepwell start")}
  server  ${cyan(server.url)}${server.setupUrl === null ? "" : setUpLines(server.setupUrl, terminal)}
  data    ${options.dataDir}/, safe against power loss
  ${green("protected")}
${isProtected.map((line) => `    ${line}`).join("\n")}
  ${yellow("not protected")}
${isOpen.map((line) => `    ${line}`).join("\n")}
`);
  if (openRuns !== null) terminal.print(`unfinished runs: ${openRuns}, carrying on`);
}

async function tellLog(server: RunningServer, options: StartOptions, keys: ServerKeys, log: ServerLog) {
  const { isProtected, isOpen } = exposureOf(options, keys);
  log.info("listening", { url: server.url, data: options.dataDir });
  if (server.setupUrl !== null) log.info("no user yet: open this once, within a day", { setUp: server.setupUrl });
  log.info("exposure", { protected: isProtected, open: isOpen });
  const openRuns = await unfinishedRuns(server);
  if (openRuns !== null) log.info("unfinished runs, carrying on", { runs: openRuns });
}
