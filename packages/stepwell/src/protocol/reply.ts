/**
 * Reads an app's reply to a call into an `Outcome`.
 *
 *   R1. Any bytes give an outcome: hostile or broken replies become a failed outcome with a code, never a throw.
 *   R2. A 2xx that does not come from an SDK is a failure.
 *   R3. Only a present `x-inngest-no-retry: true` makes a failure final.
 */

import { type ErrorValue, errorText, readErrorValue } from "./error-value.ts";
import { codedErrorValue, type ErrorCode, type ErrorDetails } from "./errors.ts";
import { HEADERS, UNTARGETED } from "./headers.ts";
import { ULID_TIME_MAX } from "./ids.ts";
import { canonicalJson, isDeeperThan, isJsonObject, isLargerThan, type JsonObject, wholePairs } from "./json.ts";
import { LIMITS } from "./limits.ts";
import type { Op, OpCode } from "./op.ts";
import type { FailedOutcome, Outcome } from "./outcome.ts";
import { readSends } from "./read-events.ts";

/** A reply as the transport saw it. */
export interface Reply {
  readonly status: number;
  /** The value of a header by lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
  readonly nowMs: number;
}

const OP_CODES: ReadonlySet<string> = new Set<OpCode>([
  "None",
  "Step",
  "StepRun",
  "StepError",
  "StepFailed",
  "StepPlanned",
  "Sleep",
  "WaitForEvent",
  "InvokeFunction",
  "AIGateway",
  "Gateway",
  "WaitForSignal",
  "RunComplete",
  "SyncRunComplete",
  "DiscoveryRequest",
  "DeferAdd",
  "DeferAbort",
]);

/** A failed outcome with a code of the catalogue: the call itself went wrong. */
export function failedCall(
  code: ErrorCode,
  details: ErrorDetails,
  status: number | null,
  noRetry = false,
): FailedOutcome {
  return {
    kind: "failed",
    status,
    requestVersion: 0,
    retryAfterMs: null,
    noRetry,
    error: codedErrorValue(code, details),
    unreached: [],
  };
}

export function readReply(reply: Reply): Outcome {
  if (isLargerThan(reply.body, LIMITS.replyBodyBytesMax)) {
    return failedCall("reply_too_large", { limit: LIMITS.replyBodyBytesMax }, reply.status);
  }
  if (isDeeperThan(reply.body, LIMITS.jsonDepthMax)) {
    return failedCall("reply_invalid", { reason: `it nests deeper than ${LIMITS.jsonDepthMax} levels` }, reply.status);
  }
  const isSdk = reply.header(HEADERS.sdk) !== undefined;
  if (!isSdk && reply.status < 300) return failedCall("not_sdk", {}, reply.status);
  if (!isSdk) {
    const failure = failedCall("app_error", { status: reply.status }, reply.status);
    const stack = reply.body.slice(0, 8_192);
    return {
      ...failure,
      noRetry: isNoRetry(reply),
      retryAfterMs: retryAfter(reply),
      error: { ...failure.error, stack },
    };
  }
  try {
    return reply.status === 201 ? readStreamed(reply) : readDirect(reply);
  } catch (error) {
    // A value that JSON can say and nobody can store: a number beyond every limit, half of a surrogate pair.
    return failedCall("reply_invalid", { reason: errorText(error) }, reply.status);
  }
}

/** 201: heartbeats of white space, then `{status, headers, body}`; the body may be encoded twice. */
function readStreamed(outer: Reply): Outcome {
  const value = parse(outer.body.trimStart());
  if (!isJsonObject(value) || !isHttpStatus(value["status"])) {
    return failedCall("reply_invalid", { reason: "the streamed reply is not an object with a status" }, outer.status);
  }
  const headers = isJsonObject(value["headers"]) ? lowerCaseKeys(value["headers"]) : {};
  const header = (name: string) => {
    const inner = headers[name];
    return typeof inner === "string" ? inner : outer.header(name);
  };
  if (typeof value["error"] === "string" && value["error"] !== "") {
    return failed({ ...outer, header, status: value["status"] }, readErrorValue(value["error"]));
  }
  const raw = value["body"];
  // A text is the body as it would have been sent; anything else is what that body says.
  const body = typeof raw === "string" ? raw : canonicalJson(raw ?? null);
  return readDirect({ ...outer, header, status: value["status"], body });
}

function readDirect(reply: Reply): Outcome {
  if (reply.status === 206) return readOps(reply);
  if (reply.status < 200 || reply.status >= 300) return failed(reply, readFunctionError(reply));
  const value = reply.body.trim() === "" ? null : parse(reply.body);
  if (value === undefined)
    return failedCall("reply_invalid", { reason: "the returned value is not JSON" }, reply.status);
  if (isNoRetry(reply)) return failed(reply, readErrorValue(value)); // A worker's DONE with no_retry is a failure.
  return {
    kind: "returned",
    status: reply.status,
    requestVersion: version(reply),
    retryAfterMs: null,
    output: canonicalJson(value),
    unreached: unreached(reply),
  };
}

function failed(reply: Reply, error: ErrorValue): FailedOutcome {
  return {
    kind: "failed",
    status: reply.status,
    requestVersion: version(reply),
    retryAfterMs: retryAfter(reply),
    noRetry: isNoRetry(reply),
    error,
    unreached: unreached(reply),
  };
}

function readFunctionError(reply: Reply): ErrorValue {
  const value = parse(reply.body);
  const fallback = `The function failed with HTTP ${reply.status}`;
  return value === undefined ? readErrorValue(reply.body.slice(0, 8_192), fallback) : readErrorValue(value, fallback);
}

function readOps(reply: Reply): Outcome {
  const value = parse(reply.body);
  const list = Array.isArray(value) ? value : isJsonObject(value) ? [value] : undefined;
  if (list === undefined)
    return failedCall("reply_invalid", { reason: "a 206 must carry one operation or a list" }, reply.status);
  if (list.length > LIMITS.opsPerReplyMax) {
    return failedCall("too_many_ops", { count: list.length, limit: LIMITS.opsPerReplyMax }, reply.status, true);
  }
  const ops: Op[] = [];
  const noRetry = isNoRetry(reply);
  for (let index = 0; index < list.length; index++) {
    const op = readOp(list[index], noRetry, reply.nowMs);
    if (typeof op === "string") return failedCall("op_invalid", { index, reason: op }, reply.status);
    ops.push(op);
  }
  return {
    kind: "ops",
    status: reply.status,
    requestVersion: version(reply),
    retryAfterMs: retryAfter(reply),
    ops,
    unreached: unreached(reply),
  };
}

function isHttpStatus(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 100 && value <= 599;
}

/** One operation, or the reason why it is none. `nowMs` is when it arrived. Throws for what JSON says and nobody can store. */
export function readOp(value: unknown, noRetry: boolean, nowMs: number): Op | string {
  if (!isJsonObject(value)) return "it is not an object";
  const code = value["op"];
  if (typeof code !== "string" || !OP_CODES.has(code)) return `unknown op ${canonicalJson(code ?? null).slice(0, 64)}`;
  const id = value["id"];
  if (typeof id !== "string" || !isStepId(id)) return "it has no usable id";
  const userland = isJsonObject(value["userland"]) ? value["userland"] : NOTHING;
  // Names stand in messages, which are stored.
  const name = typeof value["name"] === "string" ? wholePairs(value["name"]) : "";
  const displayName = wholePairs(displayNameOf(userland["id"], value["displayName"], name === "" ? id : name));
  const isError = code === "StepError" || code === "StepFailed";
  if (isError && !isJsonObject(value["error"])) return `${code} without an error`;
  const sends = readSends(value["sends"], nowMs);
  if (typeof sends === "string") return sends;
  if (sends !== null && code !== "StepRun") return `${code} cannot send`;
  const timing = readTiming(value["timing"]);
  const opts = isJsonObject(value["opts"]) ? value["opts"] : NOTHING;
  if (opts !== NOTHING) canonicalJson(opts); // Throws for what nobody can store; whoever stores it later must not.
  return {
    op: code as OpCode,
    id,
    name,
    displayName,
    index: countOf(userland["index"]),
    opts,
    data: value["data"] === undefined ? null : canonicalJson(value["data"]),
    error: isError ? readErrorValue(value["error"]) : null,
    sends,
    noRetry: noRetry || (isJsonObject(value["error"]) && value["error"]["noRetry"] === true),
    startedAt: timing.startedAt,
    endedAt: timing.endedAt,
  };
}

const NOTHING: JsonObject = Object.freeze({});

/** The id that the user wrote, as far as the SDK says it. */
function displayNameOf(userlandId: unknown, displayName: unknown, name: string): string {
  if (isSome(userlandId)) return userlandId;
  return isSome(displayName) ? displayName : name;
}

/** Step ids travel in URLs and stand beside the names of other jobs, so they are plain, and those names are taken. */
function isStepId(id: string): boolean {
  return id.length <= LIMITS.stepIdCharsMax && /^[\w.:-]+$/.test(id) && id !== UNTARGETED && id !== "main";
}

const INDEX_MAX = 2 ** 31 - 1;

/** A count as far as it can be stored; anything else is 0. */
function countOf(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= INDEX_MAX ? value : 0;
}

/** Nanoseconds since the epoch and of the duration, in milliseconds; null for what is no time. */
function readTiming(value: unknown): { startedAt: number | null; endedAt: number | null } {
  const start = isJsonObject(value) ? value["a"] : undefined;
  const length = isJsonObject(value) ? value["b"] : undefined;
  const isTime = typeof start === "number" && typeof length === "number" && start > 0 && length >= 0;
  const endedAt = isTime ? Math.floor(start / 1e6) + Math.floor(length / 1e6) : Number.NaN;
  if (!isTime || !(endedAt <= ULID_TIME_MAX)) return NO_TIMING;
  return { startedAt: Math.floor(start / 1e6), endedAt };
}

const NO_TIMING = { startedAt: null, endedAt: null } as const;

const isSome = (value: unknown): value is string => typeof value === "string" && value !== "";

const isNoRetry = (reply: Reply) => reply.header(HEADERS.noRetry) === "true";

function version(reply: Reply): number {
  const value = Number(reply.header(HEADERS.requestVersion));
  return value === 1 || value === 2 ? value : 0;
}

/** The names in the header that tells of changed code; what cannot be read is left out. */
function unreached(reply: Reply): readonly string[] {
  const text = reply.header(HEADERS.unreached);
  if (text === undefined || text === "") return [];
  return text
    .slice(0, UNREACHED_CHARS_MAX)
    .split(",", LIMITS.unreachedMax)
    .flatMap((part) => {
      try {
        const name = wholePairs(decodeURIComponent(part.trim())).replaceAll("\0", "");
        return name === "" ? [] : [name.slice(0, LIMITS.stepIdCharsMax)];
      } catch {
        return [];
      }
    });
}

const UNREACHED_CHARS_MAX = 16_384;

/** `Retry-After` in ms from now, clamped to 1 s … 24 h; null when absent or unreadable. */
function retryAfter(reply: Reply): number | null {
  const text = reply.header(HEADERS.retryAfter)?.trim();
  if (text === undefined || text === "") return null;
  const delay = /^\d{1,7}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - reply.nowMs;
  return Number.isNaN(delay) ? null : clampRetryAfter(delay);
}

export function clampRetryAfter(delayMs: number): number {
  return Math.min(Math.max(delayMs, LIMITS.retryAfterMsMin), LIMITS.retryAfterMsMax);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller reports it; JSON has no undefined.
  }
}

function lowerCaseKeys(value: JsonObject): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toLowerCase(), Array.isArray(inner) ? inner[0] : inner]),
  );
}
