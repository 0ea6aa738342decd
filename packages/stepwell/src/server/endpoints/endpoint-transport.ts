/**
 * Calls of runs that an endpoint began: the client's request is made again, and headers say that it is the server that
 * asks. The app fetches the run's state and answers like to any call.
 *
 *   ET1. The origin is that of the function, not what an event says.
 *   ET2. The signature header is always there: without it an endpoint takes the call for a new request and begins another run.
 *   ET3. Redirects are not followed: they are answers of the endpoint to somebody who is no client.
 */

import type { AppTransport, SaveResults, StopSignal } from "../../engine/ports.ts";
import type { Call } from "../../protocol/call.ts";
import { formatDuration } from "../../protocol/duration.ts";
import { errorText } from "../../protocol/error-value.ts";
import { HEADERS } from "../../protocol/headers.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { FailedOutcome, Outcome } from "../../protocol/outcome.ts";
import { failedCall } from "../../protocol/reply.ts";
import { signatureKey } from "../../protocol/signature.ts";
import { VERSION } from "../../protocol/version.ts";
import { shownUrl } from "../app-url.ts";
import type { AddressCheck } from "../gateway/address-guard.ts";
import { HttpClient, type HttpRequest } from "../http-client.ts";
import { HttpFailure } from "../http-failure.ts";
import { outcomeOf } from "../http-transport.ts";
import { type Signer, signerWith } from "../signer.ts";

export interface EndpointTransportOptions {
  /** Null: calls are not signed. */
  readonly signingKey: string | null;
  readonly connectionsMax?: number;
  /** Which addresses may be called. Default: those that apps can have. */
  readonly isAllowed?: AddressCheck;
}

/** The request as the run's event tells it. */
interface Original {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

export class EndpointTransport implements AppTransport {
  readonly #client: HttpClient;
  readonly #sign: Signer | null;

  constructor({ signingKey, connectionsMax, isAllowed }: EndpointTransportOptions) {
    this.#sign = signingKey === null ? null : signerWith(signatureKey(signingKey));
    this.#client = new HttpClient({
      ...(connectionsMax === undefined ? {} : { connectionsMax }),
      ...(isAllowed === undefined ? {} : { isAllowed }),
    });
  }

  async call(call: Call, _save: SaveResults, signal: StopSignal): Promise<Outcome> {
    try {
      const original = originalOf(call);
      if (typeof original === "string") {
        return failedCall("endpoint_request_invalid", { reason: original }, null, true);
      }
      return outcomeOf(await this.#client.send(this.#request(call, original, signal)));
    } catch (error) {
      return failureOf(call, error);
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #request(call: Call, { method, path, contentType, body }: Original, signal: StopSignal): HttpRequest {
    const headers = [
      ...(contentType === "" ? [] : ["content-type", contentType]),
      "user-agent",
      `stepwell/${VERSION}`,
      HEADERS.runId,
      call.runId,
      HEADERS.requestVersion,
      String(call.requestVersion),
      HEADERS.requestId,
      call.requestId,
      HEADERS.generation,
      String(call.generation),
      HEADERS.jobId,
      call.jobId,
      HEADERS.signature,
      this.#sign?.(Buffer.from(signedText(method, body)), Date.now()) ?? "", // ET2
    ];
    if (call.disableImmediateExecution) headers.push(HEADERS.forceStepPlan, "true");
    if (call.target !== null) headers.push(HEADERS.stepId, call.target);
    return {
      method,
      origin: call.url.slice(call.url.indexOf(":") + 1), // ET1
      path,
      headers,
      body: method === "GET" || method === "HEAD" || body === "" ? null : body,
      timeoutMs: LIMITS.callMsMax,
      bodyBytesMax: LIMITS.replyBodyBytesMax,
      signal,
      followsRedirects: false, // ET3
    };
  }
}

/** The request, or why there is none: the run was started with an event of another kind. */
function originalOf({ events }: Call): Original | string {
  const event = JSON.parse(events[0] ?? "null") as JsonValue;
  const data = isJsonObject(event) && isJsonObject(event["data"]) ? event["data"] : {};
  const method = data["method"];
  const path = data["path"];
  if (typeof method !== "string" || typeof path !== "string" || !path.startsWith("/")) {
    return "its event is no request to an endpoint";
  }
  const query = textOf(data, "query_params");
  // One slash: two would begin a host.
  const url = new URL(path.replace(/^\/+/, "/") + (query === "" ? "" : `?${query}`), "http://endpoint");
  const contentType = textOf(data, "content_type");
  return {
    method,
    path: url.pathname + url.search,
    contentType: /^[\x20-\x7e]*$/.test(contentType) ? contentType : "",
    body: textOf(data, "body"),
  };
}

const textOf = (data: JsonObject, name: string): string => (typeof data[name] === "string" ? data[name] : "");

/** What SDKs check the signature over: a body of POST and PUT in its canonical form, and of other methods none. */
function signedText(method: string, body: string): string {
  if ((method !== "POST" && method !== "PUT") || body === "") return "";
  try {
    const value = JSON.parse(body) as JsonValue;
    return typeof value === "string" ? value : canonicalJson(value);
  } catch {
    return body;
  }
}

function failureOf(call: Call, error: unknown): FailedOutcome {
  const url = shownUrl(call.url.slice(call.url.indexOf(":") + 1));
  if (!(error instanceof HttpFailure)) {
    return failedCall("reply_invalid", { reason: errorText(error) }, null);
  }
  if (error.kind === "timeout") return failedCall("call_timeout", { limit: formatDuration(LIMITS.callMsMax) }, null);
  if (error.kind === "too_large") return failedCall("reply_too_large", { limit: LIMITS.replyBodyBytesMax }, null);
  if (error.kind === "invalid") return failedCall("reply_invalid", { reason: error.message }, null);
  const failed = failedCall("app_unreachable", { url, reason: error.message }, null);
  return error.isUnreached ? { ...failed, isUnreached: true } : failed;
}
