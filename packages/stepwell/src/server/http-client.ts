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
import type { StopSignal } from "../engine/ports.ts";
import { formatDuration } from "../protocol/duration.ts";
import { LIMITS } from "../protocol/limits.ts";
import { appLookup, isAppAddress, literalProblem } from "./app-address.ts";
import type { Connection } from "./connection.ts";
import { Connections, type Passenger } from "./connections.ts";
import type { AddressCheck } from "./gateway/address-guard.ts";
import { failureOf, HttpFailure } from "./http-failure.ts";
import { requestMessage } from "./request-message.ts";
import { ResponseReader } from "./response-reader.ts";

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

export interface HttpClientOptions {
  /** Connections to one origin. */
  readonly connectionsMax?: number;
  /** Which addresses may be connected to. Default: those that apps can have. */
  readonly isAllowed?: AddressCheck;
}

const ORIGINS_MAX = 1_000;
const CONNECT_MS_MAX = 10_000;
/** How long a connection rests if the other side says nothing, how long at most, and how much earlier than it says. */
const REST_MS = 30_000;
const REST_MS_MAX = 600_000;
const REST_MARGIN_MS = 2_000;
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
      this.#send(request, onAnswer, reject);
    });
  }

  async close(): Promise<void> {
    const all = [...this.#origins.values()];
    this.#origins.clear();
    for (const connections of all) connections.destroy();
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
      answer = await new Promise((resolve, reject) => this.#send(next, resolve, reject));
      current = next;
    }
    return decoded(answer, request.bodyBytesMax);
  }

  #send(request: HttpRequest, onAnswer: (answer: HttpAnswer) => void, onFailure: (failure: HttpFailure) => void): void {
    const startedAt = performance.now();
    const connections = this.#connectionsOf(request.origin);
    const give = (error: Error) => onFailure(failureOf(error));
    const retry = (error: Error, isStale: boolean) => {
      if (isStale && performance.now() - startedAt < STALE_CONNECTION_MS)
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
    const lookup = appLookup(this.#isAllowed); // HC4
    const target = { origin: new URL(origin), lookup, connectMsMax: CONNECT_MS_MAX, session: null };
    const connections = new Connections(target, this.#connectionsMax);
    this.#origins.set(origin, connections);
    return connections;
  }
}

/** One request and its answer, on a connection that it gives back. */
class Exchange implements Passenger {
  readonly message: string | Buffer;
  readonly #request: HttpRequest;
  readonly #connections: Connections;
  readonly #onAnswer: (answer: HttpAnswer) => void;
  readonly #onError: (error: Error, isStale: boolean) => void;
  readonly #reader: ResponseReader;
  #connection: Connection | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stop: (() => void) | null = null;
  #hasBegun = false;

  constructor(
    request: HttpRequest,
    connections: Connections,
    onAnswer: (answer: HttpAnswer) => void,
    onError: (error: Error, isStale: boolean) => void,
  ) {
    this.message = requestMessage(request);
    this.#request = request;
    this.#connections = connections;
    this.#onAnswer = onAnswer;
    this.#onError = onError;
    this.#reader = new ResponseReader(request.method, request.bodyBytesMax);
  }

  board(connection: Connection): void {
    const { signal } = this.#request;
    if (signal?.aborted === true) {
      this.#connections.giveBack(connection, REST_MS);
      this.#onError(nobodyWaits(), false);
      return;
    }
    this.#connection = connection;
    this.#stop = signal === undefined ? null : () => this.#breakOff(nobodyWaits());
    if (this.#stop !== null) signal?.addEventListener("abort", this.#stop);
    connection.carry(this);
  }

  refuse(reason: Error): void {
    this.#onError(reason, false);
  }

  sent(): void {
    const { timeoutMs } = this.#request;
    this.#timer = setTimeout(() => {
      this.#breakOff(new HttpFailure("timeout", `no answer within ${formatDuration(timeoutMs)}`));
    }, timeoutMs);
    this.#timer.unref();
  }

  data(bytes: Buffer): void {
    this.#hasBegun = true;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#breakOff(failureOf(error)); // HC1
      return;
    }
    if (this.#reader.isWhole) this.#answered();
  }

  ended(): void {
    this.#reader.end();
    if (this.#reader.isWhole) this.#answered();
    else this.#connection?.close();
  }

  closed(error: Error): void {
    const connection = this.#leave();
    if (connection === null) return;
    this.#onError(error, connection.answers > 0 && !this.#hasBegun);
  }

  #answered(): void {
    const connection = this.#leave();
    if (connection === null) return;
    const { status, headers, body, isReusable } = this.#reader;
    const mayRest = isReusable && !connection.isSending;
    connection.leave();
    this.#connections.giveBack(connection, mayRest ? restMsOf(headers.get("keep-alive")) : 0);
    this.#onAnswer({ status, header: (name) => headers.get(name), body });
  }

  /** Nobody waits for the rest: the connection goes, because nobody knows where the rest ends. */
  #breakOff(failure: HttpFailure): void {
    const connection = this.#leave();
    if (connection === null) return;
    connection.close(failure);
    this.#onError(failure, false);
  }

  /** Ends the exchange; null when it had ended already. */
  #leave(): Connection | null {
    clearTimeout(this.#timer);
    if (this.#stop !== null) this.#request.signal?.removeEventListener("abort", this.#stop);
    const connection = this.#connection;
    this.#connection = null;
    return connection;
  }
}

const nobodyWaits = (): HttpFailure => new HttpFailure("aborted", "nobody waits for the answer any more");

/** How long a connection may rest: a little less than the other side says it would. */
function restMsOf(hint: string | undefined): number {
  const seconds = hint === undefined ? null : /(?:^|[,\s])timeout=(\d{1,6})/i.exec(hint);
  if (seconds == null) return REST_MS;
  return Math.min(Number(seconds[1]) * 1_000 - REST_MARGIN_MS, REST_MS_MAX);
}

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
