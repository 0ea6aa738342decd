/**
 * A request as the doors hand it over, and the reply they carry back: no framework, no `Request`, no copy that a host
 * does not need.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import { utf8ToBytes } from "../protocol/hash.ts";
import { canonicalJson } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { SdkResponse } from "./middleware.ts";

export interface Incoming {
  readonly method: string;
  /** Absolute, as the client sees it. */
  readonly url: string;
  /** The URL as far as it stands in the request: its parameters need no more. Left out: the whole of it. */
  readonly target?: string;
  readonly header: (name: string) => string | null;
  /** The body: raw if the host still has it, parsed if a body parser was faster, undefined when there is none. */
  readonly body: () => Promise<IncomingBody>;
  /** Fires when the client goes away before the answer; made when it is asked for. Absent where the host cannot tell. */
  readonly signal?: () => AbortSignal;
}

export type IncomingBody = Uint8Array | string | object | undefined;

export type Reply = SdkResponse;

/** Raw bytes of the body. A body that was parsed already is written canonically, as servers of this protocol send it. */
export function bytesOf(body: IncomingBody): Uint8Array {
  if (body === undefined || body === "") return new Uint8Array(0);
  const bytes = body instanceof Uint8Array ? body : utf8ToBytes(typeof body === "string" ? body : canonicalJson(body));
  if (bytes.length > LIMITS.apiBodyBytesMax)
    throw new StepwellError("body_too_large", { limit: LIMITS.apiBodyBytesMax });
  return bytes;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** The JSON in a body. Throws `body_invalid` with the reason. */
export function parseBody(bytes: Uint8Array): unknown {
  if (bytes.length === 0) throw new StepwellError("body_invalid", { reason: "it is empty" });
  try {
    return JSON.parse(strictUtf8.decode(bytes));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8";
    throw new StepwellError("body_invalid", { reason }, { cause });
  }
}

/** A web `Request` as an incoming request. */
export function fromRequest(request: Request): Incoming {
  return {
    method: request.method,
    url: request.url,
    header: (name) => request.headers.get(name),
    body: async () => new Uint8Array(await request.arrayBuffer()),
    signal: () => request.signal,
  };
}

export function toResponse(reply: Reply): Response {
  return new Response(reply.body, { status: reply.status, headers: reply.headers });
}
