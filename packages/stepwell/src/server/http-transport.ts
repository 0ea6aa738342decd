/**
 * Calls to apps over HTTP: one POST per call, signed when there is a key.
 *
 *   HT1. The bytes that are signed are the bytes that are sent.
 *   HT2. `stepId` replaces whatever the registered URL carries; every other query parameter stays as it was written.
 *   HT3. Whatever goes wrong is an outcome; `call` never rejects.
 */

import { isUtf8 } from "node:buffer";
import { createHmac } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { AppTransport, SaveResults, StopSignal } from "../engine/ports.ts";
import { type Call, callBody } from "../protocol/call.ts";
import { formatDuration } from "../protocol/duration.ts";
import { errorText } from "../protocol/error-value.ts";
import { FEATURES, HEADERS, QUERY, UNTARGETED } from "../protocol/headers.ts";
import { canonicalJson } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { FailedOutcome, Outcome } from "../protocol/outcome.ts";
import { failedCall, readReply } from "../protocol/reply.ts";
import { signatureKey } from "../protocol/signature.ts";
import { VERSION } from "../protocol/version.ts";
import { shownUrl } from "./app-url.ts";
import { withWholePairs } from "./body.ts";
import type { AddressCheck } from "./gateway/address-guard.ts";
import { type HttpAnswer, HttpClient } from "./http-client.ts";
import { HttpFailure } from "./http-failure.ts";

export interface HttpTransportOptions {
  /** Null: calls are not signed. */
  readonly signingKey: string | null;
  readonly connectionsMax?: number;
  readonly callMsMax?: number;
  /** Which addresses may be called. Default: those that apps can have. */
  readonly isAllowed?: AddressCheck;
  /** Takes the lines that came along with the reply to a call. It must not throw. */
  readonly takeLines?: (call: Call, header: string) => void;
  /** The `traceparent` of a call to a run's step, or to the run itself; null for none. Left out: nothing is traced. */
  readonly traceOf?: (runId: string, target: string | null) => string | null;
}

/** Where a function is called: everything of its URL but the step. */
interface Target {
  readonly origin: string;
  /** Path and query up to and including `stepId=`. */
  readonly pathPrefix: string;
}

const TARGETS_MAX = 10_000;
const FEATURE_LIST = [FEATURES.sends, FEATURES.logs].join(",");
const USER_AGENT = `stepwell/${VERSION}`;

export class HttpTransport implements AppTransport {
  readonly #client: HttpClient;
  readonly #key: string | null;
  readonly #callMsMax: number;
  readonly #traceOf: HttpTransportOptions["traceOf"];
  readonly #takeLines: HttpTransportOptions["takeLines"];
  readonly #targets = new LRUCache<string, Target>({ max: TARGETS_MAX });

  constructor(options: HttpTransportOptions) {
    this.#key = options.signingKey === null ? null : signatureKey(options.signingKey);
    this.#takeLines = options.takeLines;
    this.#traceOf = options.traceOf;
    this.#callMsMax = options.callMsMax ?? LIMITS.callMsMax;
    const { connectionsMax, isAllowed } = options;
    this.#client = new HttpClient({
      ...(connectionsMax === undefined ? {} : { connectionsMax }),
      ...(isAllowed === undefined ? {} : { isAllowed }),
    });
  }

  call(call: Call, _save: SaveResults, signal: StopSignal): Promise<Outcome> {
    const fail = (error: unknown) => this.#failure(call, error); // HT3
    try {
      return this.#post(call, signal).then((answer) => {
        const lines = answer.header(HEADERS.logs);
        if (lines !== undefined) this.#takeLines?.(call, lines);
        return outcomeOf(answer);
      }, fail);
    } catch (error) {
      return Promise.resolve(fail(error));
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #post(call: Call, signal: StopSignal): Promise<HttpAnswer> {
    const target = this.#targetOf(call.url);
    const step = call.target ?? UNTARGETED;
    const body = callBody(call);
    return this.#client.send({
      method: "POST",
      origin: target.origin,
      path: target.pathPrefix + step,
      headers: this.#headers(call, step, body),
      body,
      timeoutMs: this.#callMsMax,
      bodyBytesMax: LIMITS.replyBodyBytesMax,
      signal,
    });
  }

  #headers(call: Call, step: string, body: string): string[] {
    const headers = [
      "content-type",
      "application/json",
      "user-agent",
      USER_AGENT,
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
      HEADERS.stepId,
      step,
      HEADERS.features,
      FEATURE_LIST,
    ];
    const traceparent = this.#traceOf?.(call.runId, call.target) ?? null;
    if (traceparent !== null) headers.push(HEADERS.traceparent, traceparent);
    if (this.#key !== null) headers.push(HEADERS.signature, signBytes(body, this.#key, Date.now()));
    return headers;
  }

  #targetOf(url: string): Target {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const target = targetOf(url);
    this.#targets.set(url, target);
    return target;
  }

  #failure(call: Call, error: unknown): FailedOutcome {
    if (!(error instanceof HttpFailure)) {
      return failedCall("reply_invalid", { reason: errorText(error) }, null);
    }
    if (error.kind === "timeout") return failedCall("call_timeout", { limit: formatDuration(this.#callMsMax) }, null);
    if (error.kind === "too_large") return failedCall("reply_too_large", { limit: LIMITS.replyBodyBytesMax }, null);
    if (error.kind === "invalid") return failedCall("reply_invalid", { reason: error.message }, null);
    const failed = failedCall("app_unreachable", { url: shownUrl(call.url), reason: error.message }, null);
    return error.isUnreached ? { ...failed, isUnreached: true } : failed;
  }
}

/** What an answer means. Never throws: what cannot be stored is an outcome too (HT3). */
export function outcomeOf({ status, header, body }: HttpAnswer): Outcome {
  if (!isUtf8(body)) return failedCall("reply_invalid", { reason: "it is not UTF-8" }, status);
  try {
    const outcome = readReply({ status, header, body: withWholePairs(body.toString("utf8")), nowMs: Date.now() });
    if (outcome.kind === "failed") canonicalJson(outcome.error);
    if (outcome.kind === "ops") for (const op of outcome.ops) canonicalJson([op.error, op.opts]);
    return outcome;
  } catch (error) {
    const reason = errorText(error);
    return failedCall("reply_invalid", { reason }, status);
  }
}

/** HT2. Split by hand: a parsed query written again would spell the user's parameters differently. */
export function targetOf(text: string): Target {
  if (!URL.canParse(text)) throw new HttpFailure("unreachable", "it is not a URL");
  const url = new URL(text);
  const kept = url.search
    .slice(1)
    .split("&")
    .filter((part) => part !== "" && part.split("=")[0] !== QUERY.stepId);
  return { origin: url.origin, pathPrefix: `${url.pathname}?${[...kept, `${QUERY.stepId}=`].join("&")}` };
}

/** `t=<unix seconds>&s=<hex>` over the bytes and the time, as protocol/signature.ts does it, with the host's HMAC. */
export function signBytes(body: Buffer | string, key: string, nowMs: number): string {
  const timestamp = String(Math.floor(nowMs / 1_000));
  return `t=${timestamp}&s=${createHmac("sha256", key).update(body).update(timestamp).digest("hex")}`;
}
