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
import { ENGINE_LIMITS, Engine, type EngineLimits } from "../engine/engine.ts";
import type { AppTransport, Gateway } from "../engine/ports.ts";
import type { Call } from "../protocol/call.ts";
import { createIdSource } from "../protocol/ids.ts";
import type { ServerKind } from "../protocol/register.ts";
import type { Store } from "../store/store.ts";
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
import type { ServerLog } from "./log.ts";
import { LogIntake } from "./logs/log-intake.ts";
import { Metrics } from "./metrics.ts";
import { createOperations } from "./operations/operations.ts";
import { createProbe } from "./probe.ts";
import { ANY_ORIGIN_HEADERS, answerPreflight, commonHeaders } from "./raw-reply.ts";
import { isRealtimeSocket, Realtime } from "./realtime/realtime.ts";
import type { RetentionPolicy } from "./retention/policy.ts";
import { Retention } from "./retention/retention.ts";
import { createRoutes } from "./routes.ts";
import { createSyncer } from "./sync.ts";
import { SyncFailures } from "./sync-failures.ts";
import { createSystemRandom } from "./system-random.ts";
import type { TracingConfig } from "./tracing/otel-config.ts";
import { Tracing } from "./tracing/tracing.ts";
import { SchemeTransport } from "./transport.ts";

export interface ServerOptions {
  /** Opened and closed by the server. */
  readonly store: Store;
  /** What is behind the store, for people. */
  readonly storeLabel: string;
  readonly kind: ServerKind;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Those of the settings; others are made in the server. In `dev` without any, every key is accepted. */
  readonly eventKeys: readonly string[];
  /** Null: nothing is signed. */
  readonly signingKey: string | null;
  readonly signingKeyFallback: string | null;
  /** A constant delay between attempts instead of the curve. */
  readonly retryIntervalMs?: number | null;
  readonly log: ServerLog;
  /** Addresses of apps to ask for their functions. */
  readonly appUrls: readonly string[];
  /** Look for apps on the usual ports of this machine. */
  readonly discover: boolean;
  /** How often known addresses are asked again; null: until they answered once. */
  readonly pollIntervalMs: number | null;
  readonly limits?: Partial<EngineLimits>;
  /** How long stopping waits for calls that are out. */
  readonly shutdownGraceMs: number;
  /** The store failed for good: the process must end. */
  readonly onFatal: (error: unknown) => void;
  /** Requests of steps may go to private addresses: this machine and its network. In dev unless refused. */
  readonly allowPrivateRequests?: boolean;
  /** How people reach the server, when that is not its own address: `https://stepwell.example.com`. */
  readonly publicUrl?: string | null;
  /** A proxy stands before the server: its `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trustProxy?: boolean;
  /** Made when there is no user yet; without it, `setupUrl` is where the first user is made. */
  readonly firstAdmin?: { readonly name: string; readonly password: string } | null;
  /** Apps must be on the public internet. Without it they may be on private addresses, but for link-local ones. */
  readonly publicAppsOnly?: boolean;
  /** Where traces go; null, or left out: nowhere. */
  readonly tracing?: TracingConfig | null;
  /** What holds whatever is stored about it. */
  readonly retention?: Partial<RetentionPolicy>;
  /** Transports of other URL schemes, by scheme without the colon. */
  readonly transports?: Readonly<Record<string, AppTransport>>;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
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

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { log } = options;
  await options.store.open();
  const access = await openAccess(options);
  const parts = createParts(options, access);
  const server = createServer(LISTENER_OPTIONS, createListener(parts));
  server.on("upgrade", (request, socket, head) => {
    void parts.realtime.connect(request, socket, head, [...commonHeaders(options.kind), ...ANY_ORIGIN_HEADERS]);
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
async function openAccess(options: ServerOptions): Promise<Access> {
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

function signingKeysOf({ signingKey, signingKeyFallback }: ServerOptions): string[] {
  return [signingKey, signingKeyFallback].filter((key) => key !== null);
}

function publicUrlOf({ publicUrl = null }: ServerOptions): string | null {
  return publicUrl === null ? null : publicUrl.replace(/\/+$/, "");
}

function createParts(options: ServerOptions, access: Access): Parts {
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
  options: ServerOptions,
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

function tracingOf({ tracing: config = null, store, log }: ServerOptions, engine: Engine): Tracing | null {
  return config === null ? null : new Tracing({ config, store, engine, clock: systemClock, log });
}

function retentionOf({ store, log, retention }: ServerOptions, engine: () => Engine): Retention {
  return new Retention({
    store: store.retention,
    clock: systemClock,
    log,
    heldOf: (ids) => engine().look((view) => ids.filter((id) => view.runOf(id) !== undefined)),
    ...(retention === undefined ? {} : { fixed: retention }),
  });
}

async function closeParts(parts: Parts, options: ServerOptions): Promise<void> {
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

function createDiscovery(options: ServerOptions, parts: Parts, port: number): Discovery {
  const { engine, client, context } = parts;
  return new Discovery({
    clock: systemClock,
    sync: (url) => context.syncer.sync(url),
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

function listen(server: Server, options: ServerOptions): Promise<void> {
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
