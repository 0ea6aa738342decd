/** Calls to the server's API: signed in with the hashed signing key, once more with the fallback key when refused. */
import { HEADERS } from "../protocol/headers.ts";
import { hashedSigningKey } from "../protocol/signature.ts";
import { SDK_TAG } from "../protocol/version.ts";
import type { Settings } from "./settings.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ApiReply {
  readonly status: number;
  readonly body: string;
}

/** One request; throws only when there was no answer. */
export async function callApi(settings: Settings, request: ApiRequest): Promise<ApiReply> {
  const keys: readonly (string | null)[] = settings.signingKeys.length === 0 ? [null] : settings.signingKeys;
  let reply: ApiReply = { status: 0, body: "" };
  for (const key of keys) {
    reply = await send(settings, request, key);
    if (reply.status !== 401 && reply.status !== 403) break;
  }
  return reply;
}

async function send(settings: Settings, request: ApiRequest, signingKey: string | null): Promise<ApiReply> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    ...sdkHeaders(settings),
    ...request.headers,
  };
  if (signingKey !== null) headers["authorization"] = `Bearer ${hashedSigningKey(signingKey) ?? signingKey}`;
  const init: RequestInit = { method: request.method, headers };
  if (request.body !== undefined) init.body = request.body;
  if (request.signal !== undefined) init.signal = request.signal;
  const response = await settings.fetch(`${settings.apiUrl}${request.path}`, init);
  return { status: response.status, body: await response.text() };
}

/** What every request of this SDK says about itself. */
export function sdkHeaders(settings: Settings): Record<string, string> {
  return {
    [HEADERS.sdk]: SDK_TAG,
    "user-agent": SDK_TAG,
    ...(settings.env === null ? {} : { [HEADERS.env]: settings.env }),
  };
}

/** Waits before try number `tries` (from 1): 100 ms, doubled each time, with jitter. */
export function backoffMs(tries: number): number {
  return 100 * 2 ** (tries - 1) * (0.5 + Math.random() / 2);
}

export const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
