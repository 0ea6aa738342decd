/**
 * The server: one engine, one store, one HTTP listener.
 *
 *   SV1. A request is answered only from committed state (E1); while stopping, nothing new is taken.
 *   SV2. Slow clients cost a socket and a bounded buffer, for a bounded time.
 *   SV3. Stopping lets calls finish up to a limit, stores what they reported, and only then lets go of the store.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { ENDPOINT_SCHEME } from "../core/endpoints.ts";
import { Engine } from "../engine/engine.ts";
import { ENGINE_LIMITS } from "../engine/options.ts";
import type { AppTransport, Gateway } from "../engine/ports.ts";
import type { Call } from "../protocol/call.ts";
import { createIdSource } from "../protocol/ids.ts";
import { Access } from "./access/access.ts";
import { anyOriginRoutes } from "./api/any-origin.ts";
import { ROUTES } from "./api/table.ts";
import { isAppAddress } from "./app-address.ts";
import { askedUrl } from "./app-url.ts";
import { checkpointRunOf, saveCheckpoint } from "./checkpoint-routes.ts";
import { systemClock } from "./clock.ts";
import type { ServerContext } from "./context.ts";
import { Discovery, discoveryPorts } from "./discovery.ts";
import { EndpointTransport } from "./endpoints/endpoint-transport.ts";
import { Endpoints } from "./endpoints/endpoints.ts";
import { EVENT_ROUTE_PREFIX, receiveEvents } from "./event-route.ts";
import { FEED_ROUTE, Feed } from "./feed.ts";
import { createGateway } from "./gateway/gateway.ts";
import { isPublicAddress } from "./gateway/public-address.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { HttpClient } from "./http-client.ts";
import { HttpTransport } from "./http-transport.ts";
import { listenError } from "./listen-error.ts";
import { LogIntake } from "./logs/log-intake.ts";
import { Metrics } from "./metrics.ts";
import { createOperations } from "./operations/operations.ts";
import { type CompleteOptions, completed, type ServerOptions } from "./options.ts";
import { createProbe } from "./probe.ts";
import { ANY_ORIGIN_HEADERS, answerPreflight, commonHeaders } from "./raw-reply.ts";
import { isRealtimeSocket, Realtime } from "./realtime/realtime.ts";
import { Retention } from "./retention/retention.ts";
import { createRoutes } from "./routes.ts";
import { createSyncer } from "./sync.ts";
import { SyncFailures } from "./sync-failures.ts";
import { syncUnasked } from "./sync-unasked.ts";
import { createSystemRandom } from "./system-random.ts";
import { Tracing } from "./tracing/tracing.ts";
import { SchemeTransport } from "./transport.ts";

/** A server that listens. */
export interface RunningServer {
  /** Where it is on this machine: `http://127.0.0.1:8288`. */
  readonly url: string;
  readonly port: number;
  /** The loop itself: `watch` tells what was committed, `stats` how busy it is. */
  readonly engine: Engine;
  /** Nobody has to prove anything: `dev` on an address of this machine. */
  readonly isOpen: boolean;
  /** Where the first user is made, once and within a day; null when there is a user, or nobody has to log in. */
  readonly setupUrl: string | null;
  /** Ends the server (SV3). Safe to call twice. */
  stop(): Promise<void>;
}

const HEADERS_MS_MAX = 15_000;
const REQUEST_MS_MAX = 120_000;
const KEEP_ALIVE_MS = 75_000;
const LISTENER_OPTIONS = {
  /** How often connections are looked at for these limits. */
  connectionsCheckingInterval: 5_000,
  /** Who offers another protocol besides (`h2c`, as clients in Java do) is answered as if it had not. Node 22.21 and 24.9 ask. */
  shouldUpgradeCallback: isRealtimeSocket,
};
const RETRY_POLL_MS = 2_000;
/** How long answers that are being written may take once everything else has stopped. */
const FLUSH_MS_MAX = 1_000;

/**
 * Starts a server and resolves when it listens. It ends with `stop`, not with signals: those are the affair of whoever
 * embeds it.
 *
 * @throws `store_*` when the store cannot be opened; `port_in_use`, `listen_failed` when nobody could reach it.
 * @example
 * ```ts
 * import { SqliteStore, startServer } from "stepwell/server";
 * const server = await startServer({
 *   store: new SqliteStore({ path: "stepwell.db" }),
 *   kind: "dev",
 *   onFatal: (error) => {
 *     console.error(error);
 *     process.exitCode = 1;
 *   },
 * });
 * console.log(server.url);
 * await server.stop();
 * ```
 */
export async function startServer(given: ServerOptions): Promise<RunningServer> {
  const options = completed(given);
  const { log } = options;
  await options.store.open();
  const access = await openAccess(options);
  const parts = createParts(options, access);
  const server = createServer(LISTENER_OPTIONS, createListener(parts));
  server.on("upgrade", (request, socket, head) => {
    parts.realtime.connect(request, socket, head, [...commonHeaders(options.kind), ...ANY_ORIGIN_HEADERS]);
  });
  server.headersTimeout = HEADERS_MS_MAX; // SV2
  server.requestTimeout = REQUEST_MS_MAX;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  try {
    await listen(server, options);
    await parts.engine.start();
    await parts.context.operations.resume();
    await parts.context.retention.start();
  } catch (error) {
    server.close();
    await closeParts(parts, options);
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const discovery = createDiscovery(options, parts, port);
  discovery.start();
  const stopHousekeeping = startHousekeeping({ clock: systemClock, store: options.store, access, log });
  const url = `http://${urlHost(options.host)}:${port}`;
  const link = access.isOpen ? null : await access.users.firstLink();
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    log.info("stopping: no new work; waiting for calls to finish", { graceMs: options.shutdownGraceMs });
    discovery.stop();
    stopHousekeeping();
    await parts.context.retention.stop();
    await parts.context.operations.stop();
    await parts.engine.stop(options.shutdownGraceMs);
    parts.endpoints.close();
    parts.realtime.close();
    await closeListener(server, parts.feed);
    await closeParts(parts, options);
  };
  return {
    url,
    port,
    engine: parts.engine,
    isOpen: access.isOpen,
    setupUrl: link === null ? null : `${publicUrlOf(options) ?? url}/setup#${link}`,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

interface Parts {
  readonly engine: Engine;
  readonly context: ServerContext;
  readonly feed: Feed;
  readonly endpoints: Endpoints;
  readonly realtime: Realtime;
  readonly client: HttpClient;
  readonly transport: AppTransport;
  readonly gateway: Gateway;
  readonly tracing: Tracing | null;
}

/** Who may use it. The first admin is made before anybody can ask. */
async function openAccess(options: CompleteOptions): Promise<Access> {
  const { store, kind, host, eventKeys, log, trustProxy = false, firstAdmin = null } = options;
  const random = createSystemRandom();
  const access = await Access.open({
    store,
    kind,
    host,
    signingKeys: signingKeysOf(options),
    eventKeys,
    publicUrl: publicUrlOf(options),
    trustProxy,
    ids: createIdSource(() => random.uint32()),
    log,
  });
  if (firstAdmin !== null && access.users.isEmpty)
    await access.users.create("server", { ...firstAdmin, scope: "admin" });
  return access;
}

function signingKeysOf({ signingKey, signingKeyFallback }: CompleteOptions): string[] {
  return [signingKey, signingKeyFallback].filter((key) => key !== null);
}

function publicUrlOf({ publicUrl = null }: CompleteOptions): string | null {
  return publicUrl === null ? null : publicUrl.replace(/\/+$/, "");
}

function createParts(options: CompleteOptions, access: Access): Parts {
  const { log, kind } = options;
  const signingKeys = signingKeysOf(options);
  const random = createSystemRandom();
  const logs: LogIntake = new LogIntake({
    store: options.store.logs,
    clock: systemClock,
    log,
    stored: (runs) => feed.publishLines(runs),
  });
  const isAllowed = options.publicAppsOnly === true ? isPublicAddress : isAppAddress;
  const transport = transportOf(options, isAllowed, logs, () => tracing);
  const metrics: Metrics = new Metrics(() => engine.stats, {
    logs: () => logs.stats,
    realtime: () => realtime.stats,
    retention: () => retention.stats,
    tracing: () => tracing?.stats ?? null,
  });
  const store = metrics.meteredStore(options.store);
  const gateway = createGateway({ allowPrivate: options.allowPrivateRequests ?? kind === "dev" });
  const engine: Engine = new Engine({
    store,
    gateway,
    clock: systemClock,
    random,
    transport: metrics.metered(transport),
    log,
    retryIntervalMs: options.retryIntervalMs ?? null,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    onFatal: options.onFatal,
  });
  const retention: Retention = retentionOf(options, () => engine);
  const tracing = tracingOf(options, engine);
  const client = new HttpClient({ connectionsMax: 8, isAllowed });
  const syncFailures = new SyncFailures(() => systemClock.now());
  const syncer = syncFailures.watching(
    createSyncer({ engine, send: (request) => client.send(request), kind, signingKeys, log }),
  );
  const ids = createIdSource(() => random.uint32());
  const context: ServerContext = {
    kind,
    storeLabel: options.storeLabel,
    engine,
    store,
    access,
    syncer,
    syncFailures,
    ids,
    metrics,
    operations: createOperations({ engine, store, clock: systemClock, ids, log }),
    logs,
    retention,
    log,
  };
  const feed: Feed = new Feed(context);
  engine.watch((notices) => {
    metrics.noticed(notices);
    feed.publish(notices);
    tracing?.noticed(notices);
  });
  const realtime: Realtime = new Realtime(context);
  const endpoints = new Endpoints(context, signingKeys, realtime);
  return { engine, context, feed, endpoints, realtime, client, transport, gateway, tracing };
}

function transportOf(
  options: CompleteOptions,
  isAllowed: (address: string) => boolean,
  logs: LogIntake,
  tracing: () => Tracing | null,
): AppTransport {
  const { signingKey } = options;
  const connectionsMax = options.limits?.callsPerAppMax ?? ENGINE_LIMITS.callsPerAppMax;
  const takeLines = (call: Call, header: string) => logs.takeHeader(call, header);
  const isTracing = (options.tracing ?? null) !== null;
  const http = new HttpTransport({
    signingKey,
    connectionsMax,
    takeLines,
    isAllowed,
    ...(isTracing ? { traceOf: (runId, target) => tracing()?.headerOf(runId, target) ?? null } : {}),
  });
  const endpoint = new EndpointTransport({ signingKey, connectionsMax, isAllowed });
  return new SchemeTransport({ http, https: http, [ENDPOINT_SCHEME]: endpoint, ...options.transports });
}

function tracingOf({ tracing: config = null, store, log }: CompleteOptions, engine: Engine): Tracing | null {
  return config === null ? null : new Tracing({ config, store, engine, clock: systemClock, log });
}

function retentionOf({ store, log, retention }: CompleteOptions, engine: () => Engine): Retention {
  return new Retention({
    store: store.retention,
    clock: systemClock,
    log,
    heldOf: (ids) => engine().look((view) => ids.filter((id) => view.runOf(id) !== undefined)),
    ...(retention === undefined ? {} : { fixed: retention }),
  });
}

async function closeParts(parts: Parts, options: CompleteOptions): Promise<void> {
  await Promise.all([parts.context.logs.close(), parts.tracing?.close()]);
  await Promise.all([parts.transport.close(), parts.client.close(), parts.gateway.close()]);
  parts.context.metrics.close();
  await options.store.close();
}

/** Hot routes on the bare request, the others through the router. */
function createListener({
  context,
  feed,
  endpoints,
  realtime,
}: Parts): (request: IncomingMessage, response: ServerResponse) => void {
  const common = commonHeaders(context.kind);
  const anyOrigin = [...common, ...ANY_ORIGIN_HEADERS];
  const isAnyOrigin = anyOriginRoutes(ROUTES);
  const routes = getRequestListener(createRoutes(context).fetch, { overrideGlobalObjects: false });
  return (request, response) => {
    const { method, url = "/" } = request;
    if (method === "POST") {
      if (url.startsWith(EVENT_ROUTE_PREFIX)) return void receiveEvents(context, request, response, anyOrigin);
      const runId = checkpointRunOf(url);
      if (runId !== null) return void saveCheckpoint(context, runId, request, response, common);
    }
    const headers = isAnyOrigin(url) ? anyOrigin : common;
    if (method === "OPTIONS") return answerPreflight(request, response, headers, headers === anyOrigin);
    if (realtime.answer(request, response, headers)) return;
    if (endpoints.answer(request, response, headers)) return;
    if (method === "GET" && url.split("?")[0] === FEED_ROUTE) return feed.open(request, response, common);
    for (let index = 0; index < headers.length; index += 2) response.setHeader(headers[index]!, headers[index + 1]!);
    return void routes(request, response);
  };
}

function createDiscovery(options: CompleteOptions, parts: Parts, port: number): Discovery {
  const { engine, client, context } = parts;
  return new Discovery({
    clock: systemClock,
    sync: (url) => syncUnasked(context, url),
    probe: createProbe((request) => client.send(request)),
    log: options.log,
    appUrls: options.appUrls,
    registeredUrls: () =>
      engine.apps
        .list()
        .map(askedUrl)
        .filter((url) => url.startsWith("http")),
    isSearching: options.discover,
    ports: discoveryPorts(port, process.env["PORT"]),
    pollIntervalMs: options.pollIntervalMs ?? RETRY_POLL_MS,
    isPolling: options.pollIntervalMs !== null,
  });
}

function listen(server: Server, options: CompleteOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(listenError(error, options.host, options.port));
    });
    server.listen(options.port, options.host, resolve);
  });
}

async function closeListener(server: Server, feed: Feed): Promise<void> {
  feed.close();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), FLUSH_MS_MAX);
  await closed;
  clearTimeout(timer);
}

function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::" || host === "") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
