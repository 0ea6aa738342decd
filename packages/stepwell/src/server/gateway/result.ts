/**
 * What the answer to a step's request becomes: data for the memo, or an error that can be shown.
 *
 *   GR1. No text of an error holds a secret of the request, whoever put it there.
 *   GR2. `body_base64` is there exactly when `body` does not say every byte of the answer.
 */

import { TextDecoder } from "node:util";
import type { RequestOutcome } from "../../core/run/request.ts";
import { type ErrorCode, type ErrorDetails, errorMessage, StepwellError } from "../../protocol/errors.ts";
import type { GatewayKind } from "../../protocol/gateway.ts";
import {
  canonicalJson,
  isDeeperThan,
  isJsonObject,
  isLargerThan,
  type JsonText,
  type JsonValue,
  wholePairs,
} from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { clampRetryAfter } from "../../protocol/reply.ts";
import { REDACTED, redactedUrl } from "../../protocol/secret-names.ts";
import { withWholePairs } from "../body.ts";
import { targetName } from "./address-guard.ts";
import type { Answer } from "./exchange.ts";

/** The result of `step.fetch`: any status is one. */
export function fetchData(answer: Answer, bytesMax: number): JsonText {
  const { text, isExact } = textOf(answer);
  const data = canonicalJson({
    url: redactedUrl(answer.url.href),
    headers: Object.fromEntries([...answer.headers].map(([name, value]) => [name, wholePairs(value)])),
    body: text,
    ...(isExact ? {} : { body_base64: answer.body.toString("base64") }), // GR2
    status_code: answer.status,
  });
  return bounded(data, answer, bytesMax);
}

/** The result of `step.ai.infer`: what the provider answered. Throws `gateway_failed` when that is not JSON. */
export function aiData(answer: Answer, bytesMax: number): JsonText {
  const value = parsedJson(textOf(answer).text);
  if (value === undefined) {
    throw new StepwellError("gateway_failed", { target: targetName(answer.url), reason: "the answer is not JSON" });
  }
  return bounded(value, answer, bytesMax);
}

/** Escapes may make an answer larger than it came. */
function bounded(data: JsonText, answer: Answer, limit: number): JsonText {
  if (!isLargerThan(data, limit)) return data;
  throw new StepwellError("gateway_too_large", { what: "answer", target: targetName(answer.url), limit });
}

/** Canonical JSON; undefined when the text is none that can be stored. */
function parsedJson(text: string): JsonText | undefined {
  if (isDeeperThan(text, LIMITS.jsonDepthMax)) return undefined;
  try {
    return canonicalJson(JSON.parse(withWholePairs(text)));
  } catch {
    return undefined;
  }
}

/** The body as text, in the charset that the answer names, UTF-8 otherwise; bytes that say nothing become U+FFFD. */
function textOf({ headers, body }: Answer): { readonly text: string; readonly isExact: boolean } {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(headers.get("content-type") ?? "")?.[1];
  const text = wholePairs(decoderOf(charset ?? "utf-8").decode(body));
  return { text, isExact: Buffer.from(text).equals(body) };
}

function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset, { ignoreBOM: true });
  } catch {
    return new TextDecoder("utf-8", { ignoreBOM: true });
  }
}

/** An error's own text and a provider's body are kept up to here. */
const REASON_CHARS_MAX = 1_000;
const ERROR_BODY_CHARS_MAX = 64 * 1024;

/** A provider's refusal (`step.ai.infer`): retried as often as the step may be. */
export function refusedByProvider(answer: Answer, secrets: readonly string[], nowMs: number): RequestOutcome {
  const { text } = textOf(answer);
  const json = text.length <= ERROR_BODY_CHARS_MAX ? parsedJson(text) : undefined;
  // Cut last: what is left of a secret would not be recognised.
  const data =
    json === undefined
      ? cut(withoutSecrets(text, secrets), ERROR_BODY_CHARS_MAX)
      : valueWithoutSecrets(JSON.parse(json) as JsonValue, secrets);
  const details = { target: targetName(answer.url), status: answer.status, reason: providersReason(data) };
  return failedOutcome("ai", "gateway_status", details, secrets, {
    data,
    status: answer.status,
    retryAfterMs: retryAfterMs(answer.headers.get("retry-after"), nowMs),
  });
}

/** What providers say about an error: `{error: {message}}`, `{error: "…"}` or `{message}`. */
function providersReason(data: JsonValue): string {
  const error = isJsonObject(data) ? (data["error"] ?? data) : data;
  const message = isJsonObject(error) ? error["message"] : isJsonObject(data) ? error : null;
  return typeof message === "string" && message !== "" ? cut(message, REASON_CHARS_MAX) : "it gave no reason";
}

function retryAfterMs(text: string | undefined, nowMs: number): number | null {
  const trimmed = text?.trim() ?? "";
  if (trimmed === "") return null;
  const delay = /^\d{1,7}$/.test(trimmed) ? Number(trimmed) * 1_000 : Date.parse(trimmed) - nowMs;
  return Number.isNaN(delay) ? null : clampRetryAfter(delay);
}

/** Trying again changes nothing about these. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["gateway_invalid", "gateway_refused", "gateway_too_large"]);

interface FailureFacts {
  readonly data: JsonValue;
  readonly status: number;
  readonly retryAfterMs: number | null;
}

export function failedOutcome(
  kind: GatewayKind,
  code: ErrorCode,
  details: ErrorDetails,
  secrets: readonly string[],
  facts?: FailureFacts,
): RequestOutcome {
  const name = kind === "ai" ? "AIGatewayError" : "GatewayError";
  const message = wholePairs(withoutSecrets(errorMessage(code, details), secrets));
  const stack = `${name}: ${message}\n    at step.${kind === "ai" ? "ai.infer" : "fetch"}`;
  return {
    kind: "failed",
    error: { name, message, code, stack, ...(facts === undefined ? {} : { data: facts.data }) },
    noRetry: FINAL.has(code),
    retryAfterMs: facts?.retryAfterMs ?? null,
    status: facts?.status ?? null,
  };
}

/** Shorter ones are words that stand in many texts, and no keys. */
const SECRET_CHARS_MIN = 4;

/** GR1. Also as JSON, as a form and as an address would write them. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  const spellings = secrets
    .filter((secret) => secret.length >= SECRET_CHARS_MIN)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(wholePairs(secret))]);
  // The longest first: a part of another secret must not leave its rest.
  const ordered = [...new Set(spellings)].sort((a, b) => b.length - a.length);
  return ordered.reduce((rest, spelling) => rest.replaceAll(spelling, REDACTED), text);
}

function valueWithoutSecrets(value: JsonValue, secrets: readonly string[]): JsonValue {
  if (typeof value === "string") return withoutSecrets(value, secrets);
  if (typeof value === "number") return secrets.includes(String(value)) ? REDACTED : value;
  if (Array.isArray(value)) return value.map((item) => valueWithoutSecrets(item, secrets));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [withoutSecrets(name, secrets), valueWithoutSecrets(inner, secrets)]),
  );
}

const cut = (text: string, charsMax: number) =>
  wholePairs(text.length > charsMax ? `${text.slice(0, charsMax)}…` : text);
