/**
 * HTTP to apps: one keep-alive pool per origin, lean enough for the hottest path.
 *
 *   HC1. A body is never kept beyond its limit, compressed or not.
 *   HC2. Redirects keep method, headers and body, up to their limit.
 *   HC3. A request that met a kept connection the app was just closing is sent once more; nothing else is repeated here.
 */
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { LRUCache } from "lru-cache";
import { type Dispatcher, Pool } from "undici";
import { formatDuration } from "../protocol/duration.ts";
import { LIMITS } from "../protocol/limits.ts";

export interface HttpRequest {
  readonly method: "GET" | "PUT" | "POST";
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turns. */
  readonly headers: string[];
  readonly body: Buffer | string | null;
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
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
  readonly kind: "unreachable" | "timeout" | "too_large" | "invalid";

  constructor(kind: HttpFailure["kind"], reason: string, options?: { cause?: unknown }) {
    super(reason, options);
    this.kind = kind;
  }
}

export interface HttpClientOptions {
  /** Connections to one origin. */
  readonly connectionsMax?: number;
}

const ORIGINS_MAX = 1_000;
const CONNECT_MS_MAX = 10_000;
const KEEP_ALIVE_MS = 30_000;
/** A kept connection that breaks this soon after it was used again was most likely being closed by the app (HC3). */
const STALE_CONNECTION_MS = 1_000;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export class HttpClient {
  readonly #pools: LRUCache<string, Pool>;
  readonly #connectionsMax: number;
  readonly #closing: Promise<void>[] = [];

  constructor(options: HttpClientOptions = {}) {
    this.#connectionsMax = options.connectionsMax ?? 1_000;
    this.#pools = new LRUCache({
      max: ORIGINS_MAX,
      dispose: (pool, _origin, reason) => void (reason === "evict" && pool.close()),
    });
  }

  /** Sends a request and reads the answer whole. Rejects with an `HttpFailure`. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const answer = await this.#sendOnFreshConnection(request);
    if (REDIRECTS.has(answer.status)) return this.#follow(request, answer);
    return answer.header("content-encoding") === undefined ? answer : decoded(answer, request.bodyBytesMax);
  }

  async close(): Promise<void> {
    for (const pool of this.#pools.values()) this.#closing.push(pool.destroy());
    this.#pools.clear();
    await Promise.all(this.#closing);
  }

  async #follow(request: HttpRequest, first: HttpAnswer): Promise<HttpAnswer> {
    let current = request;
    let answer = first;
    for (let hops = 0; REDIRECTS.has(answer.status); hops++) {
      const location = answer.header("location");
      if (location === undefined) break;
      if (hops === LIMITS.redirectsMax)
        throw new HttpFailure("unreachable", `more than ${LIMITS.redirectsMax} redirects`);
      current = { ...current, ...splitUrl(resolveUrl(location, current.origin + current.path)) }; // HC2
      answer = await this.#sendOnFreshConnection(current);
    }
    return decoded(answer, request.bodyBytesMax);
  }

  async #sendOnFreshConnection(request: HttpRequest): Promise<HttpAnswer> {
    const startedAt = performance.now();
    try {
      return await this.#sendOnce(request);
    } catch (error) {
      const isStale = isBrokenKeptConnection(error) && performance.now() - startedAt < STALE_CONNECTION_MS;
      if (!isStale) throw failureOf(error);
      return await this.#sendOnce(request).catch((second: unknown) => Promise.reject(failureOf(second))); // HC3
    }
  }

  #sendOnce(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const { method, path, headers, body } = request;
      const options = { method, path, headers, body } as const;
      this.#poolOf(request.origin).dispatch(options, new AnswerReader(request, resolve, reject));
    });
  }

  #poolOf(origin: string): Pool {
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    const pool = new Pool(origin, {
      connections: this.#connectionsMax,
      pipelining: 1,
      connect: { timeout: CONNECT_MS_MAX },
      keepAliveTimeout: KEEP_ALIVE_MS,
      // One timer per request instead of three (AnswerReader).
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#pools.set(origin, pool);
    return pool;
  }
}

/** Collects one answer. */
class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #status = 0;
  #headers: Readonly<Record<string, string | string[] | undefined>> = {};
  #first: Buffer | null = null;
  #more: Buffer[] | null = null;
  #size = 0;

  constructor(request: HttpRequest, resolve: (answer: HttpAnswer) => void, reject: (error: unknown) => void) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    clearTimeout(this.#timer);
    const { timeoutMs } = this.#request;
    this.#timer = setTimeout(() => {
      controller.abort(new HttpFailure("timeout", `no answer within ${formatDuration(timeoutMs)}`));
    }, timeoutMs);
    this.#timer.unref();
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
    clearTimeout(this.#timer);
    const headers = this.#headers;
    const header = (name: string) => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    const body = this.#more === null ? (this.#first ?? Buffer.alloc(0)) : Buffer.concat(this.#more, this.#size);
    this.#resolve({ status: this.#status, header, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.#timer);
    this.#reject(error);
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
  return new HttpFailure("unreachable", REASONS[code] ?? text, { cause: error });
}
