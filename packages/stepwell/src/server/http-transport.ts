/**
 * Calls to apps over HTTP: one POST per call, signed when there is a key.
 *
 *   HT1. The bytes that are signed are the bytes that are sent.
 *   HT2. `stepId` replaces whatever the registered URL carries; every other query parameter stays as it was written.
 *   HT3. Whatever goes wrong is an outcome; `call` never rejects.
 */

import { isUtf8 } from "node:buffer";
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
import { type HttpAnswer, HttpClient, type LeanRequest, type Receiver } from "./http-client.ts";
import { HttpFailure } from "./http-failure.ts";
import { headerLines, requestMessage } from "./request-message.ts";
import { type Signer, signerWith } from "./signer.ts";

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
/** The headers that every call has. */
const LINES = headerLines([
  "content-type",
  "application/json",
  "user-agent",
  `stepwell/${VERSION}`,
  HEADERS.features,
  [FEATURES.sends, FEATURES.logs].join(","),
]);

/** What all calls share. */
interface CallOptions extends Pick<HttpTransportOptions, "takeLines" | "traceOf"> {
  /** Null: calls are not signed. */
  readonly sign: Signer | null;
  readonly callMsMax: number;
}

export class HttpTransport implements AppTransport {
  readonly #client: HttpClient;
  readonly #options: CallOptions;
  readonly #targets = new LRUCache<string, Target>({ max: TARGETS_MAX });

  constructor(options: HttpTransportOptions) {
    const { signingKey, takeLines, traceOf, callMsMax = LIMITS.callMsMax, connectionsMax, isAllowed } = options;
    this.#options = {
      sign: signingKey === null ? null : signerWith(signatureKey(signingKey)),
      callMsMax,
      ...(takeLines === undefined ? {} : { takeLines }),
      ...(traceOf === undefined ? {} : { traceOf }),
    };
    this.#client = new HttpClient({
      ...(connectionsMax === undefined ? {} : { connectionsMax }),
      ...(isAllowed === undefined ? {} : { isAllowed }),
    });
  }

  call(call: Call, _save: SaveResults, signal: StopSignal): Promise<Outcome> {
    return new Promise((resolve) => {
      try {
        const posted = new PostedCall(this.#options, call, this.#targetOf(call.url), signal, resolve);
        this.#client.exchange(posted, posted);
      } catch (error) {
        resolve(failureOutcome(this.#options, call, error)); // HT3
      }
    });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #targetOf(url: string): Target {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const target = targetOf(url);
    this.#targets.set(url, target);
    return target;
  }
}

/** One call as a request, and who takes its answer. */
class PostedCall implements LeanRequest, Receiver {
  readonly method = "POST";
  readonly origin: string;
  readonly path: string;
  readonly timeoutMs: number;
  readonly bodyBytesMax = LIMITS.replyBodyBytesMax;
  readonly signal: StopSignal;
  readonly #options: CallOptions;
  readonly #call: Call;
  readonly #resolve: (outcome: Outcome) => void;

  constructor(
    options: CallOptions,
    call: Call,
    target: Target,
    signal: StopSignal,
    resolve: (outcome: Outcome) => void,
  ) {
    this.origin = target.origin;
    this.path = target.pathPrefix + (call.target ?? UNTARGETED);
    this.timeoutMs = options.callMsMax;
    this.signal = signal;
    this.#options = options;
    this.#call = call;
    this.#resolve = resolve;
  }

  message(origin: string, path: string): string | Buffer {
    const body = callBody(this.#call);
    return requestMessage({ method: this.method, origin, path, headers: this.#headers(body), lines: LINES, body });
  }

  answered(answer: HttpAnswer): void {
    try {
      const lines = answer.header(HEADERS.logs);
      if (lines !== undefined) this.#options.takeLines?.(this.#call, lines);
      this.#resolve(outcomeOf(answer));
    } catch (error) {
      this.failed(error);
    }
  }

  failed(error: unknown): void {
    this.#resolve(failureOutcome(this.#options, this.#call, error)); // HT3
  }

  #headers(body: string): string[] {
    const call = this.#call;
    const headers = [
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
      call.target ?? UNTARGETED,
    ];
    const { sign, traceOf } = this.#options;
    const traceparent = traceOf?.(call.runId, call.target) ?? null;
    if (traceparent !== null) headers.push(HEADERS.traceparent, traceparent);
    if (sign !== null) headers.push(HEADERS.signature, sign(body, Date.now())); // HT1
    return headers;
  }
}

/** HT3. */
function failureOutcome({ callMsMax }: CallOptions, call: Call, error: unknown): FailedOutcome {
  if (!(error instanceof HttpFailure)) {
    return failedCall("reply_invalid", { reason: errorText(error) }, null);
  }
  if (error.kind === "timeout") return failedCall("call_timeout", { limit: formatDuration(callMsMax) }, null);
  if (error.kind === "too_large") return failedCall("reply_too_large", { limit: LIMITS.replyBodyBytesMax }, null);
  if (error.kind === "invalid") return failedCall("reply_invalid", { reason: error.message }, null);
  const failed = failedCall("app_unreachable", { url: shownUrl(call.url), reason: error.message }, null);
  return error.isUnreached ? { ...failed, isUnreached: true } : failed;
}

/** What an answer means. Never throws: what cannot be stored is an outcome too (HT3). */
export function outcomeOf({ status, header, body }: HttpAnswer): Outcome {
  if (!isUtf8(body)) return failedCall("reply_invalid", { reason: "it is not UTF-8" }, status);
  try {
    const outcome = readReply({ status, header, body: withWholePairs(body.toString("utf8")), nowMs: Date.now() });
    if (outcome.kind === "failed") canonicalJson(outcome.error);
    if (outcome.kind === "ops") for (const { error } of outcome.ops) if (error !== null) canonicalJson(error);
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
