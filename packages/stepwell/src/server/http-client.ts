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

/**
 * A request whose head and body are made when it is sent: also when it is sent once more (HC3), or to where it was redirected.
 * Nothing of them is kept while the answer is waited for.
 */
export interface LeanRequest extends Omit<HttpRequest, "headers" | "body"> {
  /** Head and body. Throws an `HttpFailure` when they cannot be sent. */
  message(origin: string, path: string): string | Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  /** The first value of a header by lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

/** Who waits for an answer. One of the two is called, once, and must not throw. */
export interface Receiver {
  answered(answer: HttpAnswer): void;
  failed(failure: HttpFailure): void;
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
    return new Promise((answered, failed) => {
      const message = (origin: string, path: string) => requestMessage({ ...request, origin, path });
      this.exchange({ ...request, message }, { answered, failed });
    });
  }

  /** Sends a request and reads the answer whole. Throws what its message throws, and when its origin may not be called. */
  exchange(request: LeanRequest, receiver: Receiver): void {
    this.#send(request, request, receiver, this.#finish);
  }

  async close(): Promise<void> {
    const all = [...this.#origins.values()];
    this.#origins.clear();
    for (const connections of all) connections.destroy();
  }

  readonly #finish: Finish = (answer, request, receiver) => {
    const isRedirect = REDIRECTS.has(answer.status) && request.followsRedirects !== false;
    if (!isRedirect && answer.header("content-encoding") === undefined) {
      receiver.answered(answer);
      return;
    }
    const last = isRedirect ? this.#follow(request, answer) : decoded(answer, request.bodyBytesMax);
    last.then(
      (whole) => receiver.answered(whole),
      (error: unknown) => receiver.failed(failureOf(error)),
    );
  };

  async #follow(request: LeanRequest, first: HttpAnswer): Promise<HttpAnswer> {
    let target: Target = request;
    let answer = first;
    for (let hops = 0; REDIRECTS.has(answer.status); hops++) {
      const location = answer.header("location");
      if (location === undefined) break;
      if (hops === LIMITS.redirectsMax)
        throw new HttpFailure("unreachable", `more than ${LIMITS.redirectsMax} redirects`);
      target = splitUrl(resolveUrl(location, target.origin + target.path)); // HC2
      const next = target;
      answer = await new Promise((answered, failed) => this.#send(request, next, { answered, failed }, asItIs));
    }
    return decoded(answer, request.bodyBytesMax);
  }

  #send(request: LeanRequest, target: Target, receiver: Receiver, finish: Finish): void {
    const connections = this.#connectionsOf(target.origin);
    connections.send(new Exchange(request, target, connections, receiver, finish));
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

/** Where a request goes: the one of its own, or of a redirect. */
interface Target {
  readonly origin: string;
  readonly path: string;
}

/** What becomes of an answer that is whole. */
type Finish = (answer: HttpAnswer, request: LeanRequest, receiver: Receiver) => void;

const asItIs: Finish = (answer, _request, receiver) => receiver.answered(answer);

/** One request and its answer, on a connection that it gives back. */
class Exchange implements Passenger {
  readonly timeoutMs: number;
  readonly #request: LeanRequest;
  readonly #target: Target;
  readonly #connections: Connections;
  readonly #receiver: Receiver;
  readonly #finish: Finish;
  /** Made when the answer begins: most of the time a call is out, nothing has come. */
  #reader: ResponseReader | null = null;
  readonly #startedAt: number;
  /** It was sent before (HC3). */
  readonly #isRepeated: boolean;
  /** Let go of when it is sent: many calls wait for their answers at once. */
  #message: string | Buffer | null;
  #connection: Connection | null = null;
  #stop: (() => void) | null = null;

  constructor(
    request: LeanRequest,
    target: Target,
    connections: Connections,
    receiver: Receiver,
    finish: Finish,
    isRepeated = false,
  ) {
    this.#startedAt = performance.now();
    this.#message = request.message(target.origin, target.path);
    this.timeoutMs = request.timeoutMs;
    this.#request = request;
    this.#target = target;
    this.#connections = connections;
    this.#receiver = receiver;
    this.#finish = finish;
    this.#isRepeated = isRepeated;
  }

  board(connection: Connection): void {
    const { signal } = this.#request;
    if (signal?.aborted === true) {
      this.#connections.giveBack(connection, REST_MS);
      this.#receiver.failed(nobodyWaits());
      return;
    }
    this.#connection = connection;
    if (signal !== undefined) {
      this.#stop = () => this.#breakOff(nobodyWaits());
      signal.addEventListener("abort", this.#stop);
    }
    connection.carry(this);
  }

  refuse(reason: Error): void {
    this.#receiver.failed(failureOf(reason));
  }

  takeMessage(): string | Buffer {
    const message = this.#message!;
    this.#message = null;
    return message;
  }

  late(): void {
    this.#breakOff(new HttpFailure("timeout", `no answer within ${formatDuration(this.timeoutMs)}`));
  }

  data(bytes: Buffer): void {
    this.#reader ??= new ResponseReader(this.#request.method, this.#request.bodyBytesMax);
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#breakOff(failureOf(error)); // HC1
      return;
    }
    if (this.#reader.isWhole) this.#answered(this.#reader);
  }

  ended(): void {
    this.#reader?.end();
    if (this.#reader?.isWhole === true) this.#answered(this.#reader);
    else this.#connection?.close();
  }

  closed(error: Error): void {
    const connection = this.#leave();
    if (connection === null) return;
    const isStale = connection.answers > 0 && this.#reader === null;
    if (isStale && !this.#isRepeated && performance.now() - this.#startedAt < STALE_CONNECTION_MS) this.#repeat();
    else this.#receiver.failed(failureOf(error));
  }

  /** HC3. */
  #repeat(): void {
    const again = [this.#request, this.#target, this.#connections, this.#receiver, this.#finish] as const;
    this.#connections.send(new Exchange(...again, true));
  }

  #answered({ head, body, isReusable }: ResponseReader): void {
    const connection = this.#leave();
    if (connection === null) return;
    if (head === null) return; // A whole response has one.
    const mayRest = isReusable && !connection.isSending;
    connection.leave();
    this.#connections.giveBack(connection, mayRest ? restMsOf(head.get("keep-alive")) : 0);
    const answer = { status: head.status, header: (name: string) => head.get(name), body };
    this.#finish(answer, this.#request, this.#receiver);
  }

  /** Nobody waits for the rest: the connection goes, because nobody knows where the rest ends. */
  #breakOff(failure: HttpFailure): void {
    const connection = this.#leave();
    if (connection === null) return;
    connection.close(failure);
    this.#receiver.failed(failure);
  }

  /** Ends the exchange; null when it had ended already. */
  #leave(): Connection | null {
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
