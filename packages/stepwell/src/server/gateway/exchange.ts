/**
 * One request of a step and its answer, redirects included.
 *
 *   GX1. Every hop is checked like the first (address-guard.ts).
 *   GX2. What tells another origin who asks is dropped on the way there, and stays dropped.
 *   GX3. An answer is never kept beyond its limit, compressed or not.
 *   GX4. Breaking off settles at once, whatever the network does.
 */
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw } from "node:zlib";
import type { Agent, Dispatcher } from "undici";
import { isStepwellError, StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { isSecretName, REDACTED, redactedHeader } from "../../protocol/secret-names.ts";
import { type AddressCheck, checkLiteralHost, parseTarget, targetName } from "./address-guard.ts";

export interface Outgoing {
  readonly url: URL;
  readonly method: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string | null;
}

export interface Answer {
  /** Of the last hop. */
  readonly url: URL;
  readonly status: number;
  /** By lower-case name, without those that belong to the connection. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface ExchangeOptions {
  readonly agent: Agent;
  readonly isAllowed: AddressCheck;
  readonly bodyBytesMax: number;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** A redirect's own body is read up to here, so that its connection can be used again. */
const SKIPPED_BYTES_MAX = 64 * 1024;

/** Sends a request and reads the answer whole. Rejects with a `StepwellError`, or with the signal's reason. */
export async function exchange(first: Outgoing, options: ExchangeOptions, signal: AbortSignal): Promise<Answer> {
  let outgoing = first;
  for (let hops = 0; hops <= LIMITS.gatewayRedirectsMax; hops++) {
    const hop = await makeHop(outgoing, options, signal).catch((error: unknown) => {
      if (signal.aborted) throw signal.reason;
      throw isStepwellError(error) ? error : failed(outgoing.url, networkReason(error));
    });
    if (!("method" in hop)) return hop;
    outgoing = hop;
  }
  throw failed(first.url, `there are more than ${LIMITS.gatewayRedirectsMax} redirects`);
}

/** The answer, or the request that follows from it. */
async function makeHop(from: Outgoing, options: ExchangeOptions, signal: AbortSignal): Promise<Answer | Outgoing> {
  checkLiteralHost(from.url, options.isAllowed); // GX1
  const response = await sendOnce(from, options.agent, signal);
  response.body.on("error", () => {}); // Whoever reads it hears of it; nobody has to.
  if (!REDIRECTS.has(response.statusCode) || response.headers["location"] === undefined) {
    return await readAnswer(from.url, response, options.bodyBytesMax, signal);
  }
  response.body.dump({ limit: SKIPPED_BYTES_MAX, signal }).catch(() => {}); // It says nothing that is needed.
  return redirected(from, response);
}

function sendOnce({ url, method, headers, body }: Outgoing, agent: Agent, signal: AbortSignal) {
  const request = agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: method as Dispatcher.HttpMethod,
    headers: Object.fromEntries(headers),
    body,
    signal,
    // The caller's signal is the one limit of time.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return untilAborted(request, signal, (late) => late.body.on("error", () => {}).destroy());
}

/** GX4. The client itself hears the signal only when it has a connection. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal, release: (late: T) => void): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } catch (error) {
    work.then(release, () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The request that follows from a redirect. */
function redirected(from: Outgoing, { statusCode, headers }: Dispatcher.ResponseData): Outgoing {
  const url = parseTarget(textOf(headers["location"]) ?? "", from.url);
  if (url === null) throw failed(from.url, "it redirects to what is no address of http or https");
  url.username = "";
  url.password = "";
  const isKept = statusCode >= 307;
  const dropped = (name: string, value: string) =>
    (!isKept && name.startsWith("content-")) || (url.origin !== from.url.origin && isCredential(name, value)); // GX2
  return {
    url,
    method: isKept || from.method === "HEAD" ? from.method : "GET",
    headers: new Map([...from.headers].filter(([name, value]) => !dropped(name, value))),
    body: isKept ? from.body : null,
  };
}

function isCredential(name: string, value: string): boolean {
  return isSecretName(name) || redactedHeader(name, value) === REDACTED;
}

async function readAnswer(
  url: URL,
  response: Dispatcher.ResponseData,
  bytesMax: number,
  signal: AbortSignal,
): Promise<Answer> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(response.headers)) {
    const text = textOf(value);
    if (text !== undefined && !OF_THE_CONNECTION.has(name)) headers.set(name, text);
  }
  const sent = await untilAborted(readWhole(url, response, bytesMax), signal, () => {});
  const body = await decoded(url, sent, headers.get("content-encoding"), bytesMax);
  if (body !== null) for (const name of ["content-encoding", "content-length"]) headers.delete(name);
  return { url, status: response.statusCode, headers, body: body ?? sent };
}

const OF_THE_CONNECTION: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding", "trailer"]);

const textOf = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(", ") : value);

/** GX3. */
async function readWhole(url: URL, { body }: Dispatcher.ResponseData, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) throw tooLarge(url, bytesMax); // Leaving the loop lets go of the connection.
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  br: promisify(brotliDecompress),
  // The name means a wrapped stream (its first half byte is 8), and some send a bare one.
  deflate: (body, options) => promisify((body[0]! & 0x0f) === 8 ? inflate : inflateRaw)(body, options),
};

/** The body unpacked; null when it is as it came: not packed, or in a way that nobody asked for. */
async function decoded(url: URL, body: Buffer, encoding: string | undefined, bytesMax: number): Promise<Buffer | null> {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (body.length === 0 || !Object.hasOwn(DECODERS, name)) return null;
  try {
    return await DECODERS[name]!(body, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(url, bytesMax);
    throw failed(url, `its ${name} body is damaged`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EAI_AGAIN: "the host name could not be looked up",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ENOTFOUND: "the host name is not known",
  EPIPE: "the connection was closed",
  ETIMEDOUT: "connecting timed out",
  HPE_HEADER_OVERFLOW: "its headers are too large",
  UND_ERR_CONNECT_TIMEOUT: "connecting timed out",
  UND_ERR_HEADERS_OVERFLOW: "its headers are too large",
  UND_ERR_SOCKET: "the connection was closed",
};

/** By code: the texts of others may hold what was sent. */
function networkReason(error: unknown): string {
  const cause = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const { name, code: given } = Object(cause) as { name?: unknown; code?: unknown };
  const code = String(given ?? "");
  if (Object.hasOwn(REASONS, code)) return REASONS[code]!;
  if (name === "HTTPParserError") return "it does not speak HTTP";
  return /^[A-Z0-9_]{3,64}$/.test(code) ? `the connection failed with ${code}` : "the connection failed";
}

const failed = (url: URL, reason: string) => new StepwellError("gateway_failed", { target: targetName(url), reason });

const tooLarge = (url: URL, limit: number) =>
  new StepwellError("gateway_too_large", { what: "answer", target: targetName(url), limit });
