/**
 * HTTP to apps: kept connections per origin, lean enough for the hottest path.
 *
 *   HC1. A body is never kept beyond its limit, compressed or not.
 *   HC2. Redirects keep method, headers and body, up to their limit.
 *   HC3. A request that met a kept connection the app was just closing is sent once more; nothing else is repeated here.
 *   HC4. Connections are made only to addresses that may be called (app-address.ts), also after redirects.
 */
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { LRUCache } from "lru-cache";
import type { Client, Dispatcher } from "undici";
import type { StopSignal } from "../engine/ports.ts";
import { formatDuration } from "../protocol/duration.ts";
import { LIMITS } from "../protocol/limits.ts";
import { appLookup, isAppAddress, literalProblem } from "./app-address.ts";
import { Connections, type Passenger } from "./connections.ts";
import type { AddressCheck } from "./gateway/address-guard.ts";

export interface HttpRequest {
  readonly method: string;
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turns. */
  readonly headers: string[];
  readonly body: Buffer | string | null;
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  /** Breaks the request off: the connection closes, which is what the other side sees. */
  readonly signal?: StopSignal;
  /** False: a redirect is the answer. */
  readonly followsRedirects?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** The first value of a header by lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

/** Why there is no answer. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  readonly kind: "unreachable" | "timeout" | "too_large" | "invalid" | "aborted";
  /** True: there was no connection, so nothing was sent. */
  readonly isUnreached: boolean;

  constructor(kind: HttpFailure["kind"], reason: string, options?: { cause?: unknown; isUnreached?: boolean }) {
    super(reason, options);
    this.kind = kind;
    this.isUnreached = options?.isUnreached ?? false;
  }
}

export interface HttpClientOptions {
  /** Connections to one origin. */
  readonly connectionsMax?: number;
  /** Which addresses may be connected to. Default: those that apps can have. */
  readonly isAllowed?: AddressCheck;
}

const ORIGINS_MAX = 1_000;
const CONNECT_MS_MAX = 10_000;
const KEEP_ALIVE_MS = 30_000;
/** A kept connection that breaks this soon after it was used again was most likely being closed by the app (HC3). */
const STALE_CONNECTION_MS = 1_000;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export class HttpClient {
  readonly #origins: LRUCache<string, Connections>;
  readonly #connectionsMax: number;
  readonly #isAllowed: AddressCheck;

  constructor(options: HttpClientOptions = {}) {
    this.#isAllowed = options.isAllowed ?? isAppAddress;
    this.#connectionsMax = options.connectionsMax ?? 1_000;
    this.#origins = new LRUCache({
      max: ORIGINS_MAX,
      dispose: (connections, _origin, reason) => void (reason === "evict" && connections.close()),
    });
  }

  /** Sends a request and reads the answer whole. Rejects with an `HttpFailure`. */
  send(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const onAnswer = (answer: HttpAnswer) => {
        if (REDIRECTS.has(answer.status) && request.followsRedirects !== false) resolve(this.#follow(request, answer));
        else if (answer.header("content-encoding") === undefined) resolve(answer);
        else resolve(decoded(answer, request.bodyBytesMax));
      };
      this.#sendOnFreshConnection(request, onAnswer, reject);
    });
  }

  async close(): Promise<void> {
    const all = [...this.#origins.values()];
    this.#origins.clear();
    await Promise.all(all.map((connections) => connections.destroy()));
  }

  async #follow(request: HttpRequest, first: HttpAnswer): Promise<HttpAnswer> {
    let current = request;
    let answer = first;
    for (let hops = 0; REDIRECTS.has(answer.status); hops++) {
      const location = answer.header("location");
      if (location === undefined) break;
      if (hops === LIMITS.redirectsMax)
        throw new HttpFailure("unreachable", `more than ${LIMITS.redirectsMax} redirects`);
      const next = { ...current, ...splitUrl(resolveUrl(location, current.origin + current.path)) }; // HC2
      answer = await new Promise((resolve, reject) => this.#sendOnFreshConnection(next, resolve, reject));
      current = next;
    }
    return decoded(answer, request.bodyBytesMax);
  }

  #sendOnFreshConnection(
    request: HttpRequest,
    onAnswer: (answer: HttpAnswer) => void,
    onFailure: (failure: HttpFailure) => void,
  ): void {
    const startedAt = performance.now();
    const connections = this.#connectionsOf(request.origin);
    const give = (error: unknown) => onFailure(failureOf(error));
    const retry = (error: unknown) => {
      const isStale = isBrokenKeptConnection(error) && performance.now() - startedAt < STALE_CONNECTION_MS;
      if (isStale)
        connections.send(new Exchange(request, connections, onAnswer, give)); // HC3
      else give(error);
    };
    connections.send(new Exchange(request, connections, onAnswer, retry));
  }

  #connectionsOf(origin: string): Connections {
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    const problem = literalProblem(origin, this.#isAllowed);
    if (problem !== null) throw new HttpFailure("unreachable", problem); // HC4
    const connections = new Connections(origin, this.#connectionsMax, {
      connect: { timeout: CONNECT_MS_MAX, lookup: appLookup(this.#isAllowed) }, // HC4
      keepAliveTimeout: KEEP_ALIVE_MS,
      // One timer per request instead of three (Exchange).
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#origins.set(origin, connections);
    return connections;
  }
}

/** One request and its answer, on a connection that it gives back. */
class Exchange implements Passenger, Dispatcher.DispatchHandler {
  readonly #request: HttpRequest;
  readonly #connections: Connections;
  readonly #onAnswer: (answer: HttpAnswer) => void;
  readonly #onError: (error: unknown) => void;
  #connection: Client | null = null;
  #timer: NodeJS.Timeout | undefined;
  #status = 0;
  #headers: HeaderRecord = {};
  #first: Buffer | null = null;
  #more: Buffer[] | null = null;
  #size = 0;
  #stop: (() => void) | null = null;

  constructor(
    request: HttpRequest,
    connections: Connections,
    onAnswer: (answer: HttpAnswer) => void,
    onError: (error: unknown) => void,
  ) {
    this.#request = request;
    this.#connections = connections;
    this.#onAnswer = onAnswer;
    this.#onError = onError;
  }

  board(connection: Client): void {
    this.#connection = connection;
    const { method, path, headers, body } = this.#request;
    connection.dispatch({ method: method as Dispatcher.HttpMethod, path, headers, body }, this);
  }

  refuse(reason: Error): void {
    this.#onError(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    clearTimeout(this.#timer);
    const { timeoutMs } = this.#request;
    this.#timer = setTimeout(() => {
      controller.abort(new HttpFailure("timeout", `no answer within ${formatDuration(timeoutMs)}`));
    }, timeoutMs);
    this.#timer.unref();
    this.#watch(controller);
  }

  #watch(controller: Dispatcher.DispatchController): void {
    const { signal } = this.#request;
    if (signal === undefined) return;
    this.#stop = () => controller.abort(new HttpFailure("aborted", "nobody waits for the answer any more"));
    if (signal.aborted) this.#stop();
    else signal.addEventListener("abort", this.#stop);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HeaderRecord): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > this.#request.bodyBytesMax) {
      controller.abort(new HttpFailure("too_large", `the answer is larger than ${this.#request.bodyBytesMax} bytes`)); // HC1
    } else if (this.#first === null) this.#first = chunk;
    else {
      this.#more ??= [this.#first];
      this.#more.push(chunk);
    }
  }

  onResponseEnd(): void {
    const connection = this.#leave();
    if (connection !== null) this.#connections.giveBack(connection);
    const headers = this.#headers;
    const header = (name: string) => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    const body = this.#more === null ? (this.#first ?? Buffer.alloc(0)) : Buffer.concat(this.#more, this.#size);
    this.#onAnswer({ status: this.#status, header, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const connection = this.#leave();
    if (connection === null) return;
    this.#connections.giveBackBroken(connection);
    this.#onError(error);
  }

  /** Ends the exchange; null when it had ended already. */
  #leave(): Client | null {
    clearTimeout(this.#timer);
    if (this.#stop !== null) this.#request.signal?.removeEventListener("abort", this.#stop);
    const connection = this.#connection;
    this.#connection = null;
    return connection;
  }
}

type HeaderRecord = Readonly<Record<string, string | string[] | undefined>>;

export function splitUrl(url: URL): { readonly origin: string; readonly path: string } {
  return { origin: url.origin, path: url.pathname + url.search };
}

function resolveUrl(location: string, base: string): URL {
  if (!URL.canParse(location, base)) throw new HttpFailure("unreachable", "it redirects to an address that is none");
  const url = new URL(location, base);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new HttpFailure("unreachable", `it redirects to ${url.protocol}`);
  }
  return url;
}

const DECODERS: Readonly<Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  br: promisify(brotliDecompress),
  deflate: promisify(inflate),
};

async function decoded(answer: HttpAnswer, bytesMax: number): Promise<HttpAnswer> {
  const encoding = answer.header("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "" || answer.body.length === 0) return answer;
  const decode = DECODERS[encoding];
  if (decode === undefined) throw new HttpFailure("invalid", `content encoding ${encoding.slice(0, 32)} is not known`);
  try {
    return { ...answer, body: await decode(answer.body, { maxOutputLength: bytesMax }) };
  } catch (error) {
    const isTooLarge = (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
    throw isTooLarge
      ? new HttpFailure("too_large", `the answer is larger than ${bytesMax} bytes`)
      : new HttpFailure("invalid", `its ${encoding} body is damaged`, { cause: error });
  }
}

function isBrokenKeptConnection(error: unknown): boolean {
  const { code, socket } = error as { code?: unknown; socket?: { bytesRead?: unknown } | null };
  if (code !== "UND_ERR_SOCKET" && code !== "ECONNRESET" && code !== "EPIPE") return false;
  return code !== "UND_ERR_SOCKET" || Number(socket?.bytesRead ?? 0) > 0;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name could not be looked up",
  ECONNRESET: "the connection was closed",
  EPIPE: "the connection was closed",
  UND_ERR_SOCKET: "the connection was closed",
  ETIMEDOUT: "connecting timed out",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  UND_ERR_CONNECT_TIMEOUT: "connecting timed out",
  UND_ERR_DESTROYED: "the server is shutting down",
  UND_ERR_CLOSED: "the server is shutting down",
};

function failureOf(error: unknown): HttpFailure {
  if (error instanceof HttpFailure) return error;
  const cause = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const code = String((cause as { code?: unknown }).code ?? "");
  if (code.startsWith("HPE_")) return new HttpFailure("invalid", "it does not speak HTTP", { cause: error });
  const text = cause instanceof Error ? cause.message : String(cause);
  return new HttpFailure("unreachable", REASONS[code] ?? text, { cause: error, isUnreached: isUnreached(code, cause) });
}

/** Errors of looking the host up and of connecting; some of them can come later too, and then name another call. */
function isUnreached(code: string, error: unknown): boolean {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "UND_ERR_CONNECT_TIMEOUT") return true;
  return (error as { syscall?: unknown }).syscall === "connect";
}
