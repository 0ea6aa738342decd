/**
 * Requests and replies of Node-style hosts, described by their shape: `node:http`, Express, Koa, Next.js pages.
 *
 *   N1. The raw bytes are read when the host still has them; a body that somebody parsed before us is used as it is.
 *   N2. A body over the limit is not kept, but read to its end, so that the refusal reaches the client.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import { canonicalJson } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Incoming, IncomingBody, Reply } from "./incoming.ts";
import type { Untyped } from "./jsonify.ts";

type HeaderValue = string | string[] | undefined;

/** A request as `node:http` makes it, with what frameworks add. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Express: the path before routers cut it. */
  readonly originalUrl?: string | undefined;
  readonly headers: { readonly [name: string]: HeaderValue };
  readonly socket?: object | null;
  readonly body?: unknown;
  readonly rawBody?: unknown;
  readonly readableDidRead?: boolean;
  readonly readableEnded?: boolean;
  on(event: string, listener: (...values: Untyped[]) => void): unknown;
  off(event: string, listener: (...values: Untyped[]) => void): unknown;
  resume(): unknown;
}

/** What tells that the client has gone: closed before it was ended. */
export interface ClosingResponse {
  readonly writableEnded?: boolean;
  readonly closed?: boolean;
  once?(event: string, listener: (...values: Untyped[]) => void): unknown;
}

export interface NodeResponse extends ClosingResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** A `response` lets handlers know when the client goes away. */
export function fromNodeRequest(
  request: NodeRequest,
  parsedBody: unknown = request.body,
  response?: ClosingResponse,
): Incoming {
  return new NodeIncoming(request, parsedBody, response);
}

class NodeIncoming implements Incoming {
  readonly method: string;
  readonly target: string;
  readonly header: Incoming["header"];
  readonly signal?: () => AbortSignal;
  readonly #request: NodeRequest;
  readonly #parsedBody: unknown;

  constructor(request: NodeRequest, parsedBody: unknown, response: ClosingResponse | undefined) {
    this.method = request.method ?? "GET";
    this.target = request.originalUrl ?? request.url ?? "/";
    this.header = (name) => first(request.headers[name]);
    if (response !== undefined) this.signal = () => goneSignal(response);
    this.#request = request;
    this.#parsedBody = parsedBody;
  }

  /** Made when it is asked for: a call is found by its parameters alone. */
  get url(): string {
    return absoluteUrl(this.target, this.header, isEncrypted(this.#request.socket));
  }

  body(): Promise<IncomingBody> {
    return bodyOf(this.#request, this.#parsedBody);
  }
}

function goneSignal(response: ClosingResponse): AbortSignal {
  const controller = new AbortController();
  const closed = () => {
    if (response.writableEnded !== true) controller.abort();
  };
  if (response.closed === true) closed();
  else response.once?.("close", closed);
  return controller.signal;
}

export function writeNodeResponse(response: NodeResponse, reply: Reply): void {
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  response.end(reply.body);
}

/** The URL as the client wrote it, as far as headers tell. */
export function absoluteUrl(path: string, header: (name: string) => string | null, isHttps: boolean): string {
  const protocol = header("x-forwarded-proto")?.split(",")[0]?.trim() ?? (isHttps ? "https" : "http");
  const host = header("x-forwarded-host")?.split(",")[0]?.trim() ?? header("host") ?? "localhost";
  const origin = `${protocol}://${host}`;
  const base = usable(origin);
  const full = base + (path.startsWith("/") ? path : `/${path}`);
  return URL.canParse(full) ? full : base;
}

let lastOrigin = "";
let lastUsable = "";

/** Strange host headers must not break the answer; only a sync needs the origin. Nearly all requests name the same. */
function usable(origin: string): string {
  if (origin === lastOrigin) return lastUsable;
  lastUsable = /^https?:\/\/[^/?#]+$/.test(origin) && URL.canParse(origin) ? origin : "http://localhost";
  lastOrigin = origin;
  return lastUsable;
}

const isEncrypted = (socket: unknown) => (socket as { encrypted?: boolean } | null | undefined)?.encrypted === true;

const first = (value: HeaderValue) => (Array.isArray(value) ? (value[0] ?? null) : (value ?? null));

function bodyOf(request: NodeRequest, parsed: unknown): Promise<IncomingBody> {
  return parsed === undefined && request.rawBody === undefined && !isRead(request)
    ? readStream(request)
    : readBody(request, parsed);
}

async function readBody(request: NodeRequest, parsed: unknown): Promise<IncomingBody> {
  for (const raw of [request.rawBody, parsed]) {
    if (raw instanceof Uint8Array || typeof raw === "string") return raw;
  }
  if (!isRead(request)) return readStream(request); // N1
  // Parsers make an empty object of an empty body.
  const isEmpty = parsed === undefined || parsed === null || first(request.headers["content-length"]) === "0";
  return isEmpty ? undefined : canonicalJson(parsed);
}

/** True when nothing is left to read. Hosts without a stream have parsed the body. */
function isRead(request: NodeRequest): boolean {
  const { readableDidRead, readableEnded } = request;
  return readableDidRead === true || readableEnded === true || (readableDidRead === undefined && "body" in request);
}

function readStream(request: NodeRequest): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const onData = (chunk: Uint8Array) => {
      size += chunk.length;
      if (size <= LIMITS.apiBodyBytesMax) return void chunks.push(chunk);
      request.off("data", onData); // N2
      request.resume();
      reject(new StepwellError("body_too_large", { limit: LIMITS.apiBodyBytesMax }));
    };
    request.on("data", onData);
    let isWhole = false;
    request.on("end", () => {
      isWhole = true;
      resolve(chunks.length === 1 ? chunks[0]! : join(chunks, size));
    });
    // Every request closes; an error is only made for those that were cut off, because making one is not cheap.
    const cutOff = (cause?: Error) => {
      if (!isWhole) reject(new StepwellError("body_invalid", { reason: "it was cut off" }, { cause }));
    };
    request.on("error", cutOff);
    request.on("close", cutOff);
  });
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
