/**
 * Requests that the server makes for a step, as apps ask for them.
 *
 *   G1. Any options give a request or the reason why not. The reason never holds a value that may be secret.
 *   G2. Headers that belong to a connection or that the client computes (`Host`, `Content-Length`, …) are left out;
 *       names and values that could end a header line are refused.
 *   G3. What `redactGatewayOpts` returns may be stored and shown.
 */
import { HOP_BY_HOP } from "./headers.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue, wholePairs } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { isSecretName, REDACTED, redactedHeader, redactedUrl } from "./secret-names.ts";

/** `fetch`: any request, whose answer is the result. `ai`: JSON to a provider, whose JSON is the result. */
export type GatewayKind = "fetch" | "ai";

export type GatewayHeader = readonly [name: string, value: string];

/** A request, read and checked. */
export interface GatewayCall {
  /** As written: whoever makes the request parses it. */
  readonly url: string;
  /** The value of the query parameter `key`, which some providers take for a header. */
  readonly queryKey: string | null;
  readonly method: string;
  /** Names in lower case, each once. */
  readonly headers: readonly GatewayHeader[];
  readonly body: string | null;
  /** Texts that must not appear in anything that is shown. */
  readonly secrets: readonly string[];
}

/** The request, or the reason why it cannot be made (G1). */
export function readGatewayOpts(kind: GatewayKind, opts: JsonObject): GatewayCall | string {
  const url = opts["url"];
  if (typeof url !== "string" || url === "") return "it has no url";
  if (url.length > LIMITS.gatewayUrlCharsMax) return `its url is longer than ${LIMITS.gatewayUrlCharsMax} characters`;
  if (hasControls(url) || !/^https?:\/\//i.test(url)) return "its url is not one of http or https";
  const headers = readHeaders(opts["headers"] ?? {});
  if (typeof headers === "string") return headers;
  return kind === "ai" ? aiCall(url, headers, opts) : fetchCall(url, headers, opts);
}

function fetchCall(url: string, headers: Headers, opts: JsonObject): GatewayCall | string {
  const method = opts["method"] ?? "";
  if (typeof method !== "string" || !METHOD.test(method) || NEVER_SENT_METHODS.has(method.toUpperCase())) {
    return "its method is not one that can be sent";
  }
  const body = opts["body"] ?? null;
  if (body !== null && typeof body !== "string") return "its body is not a text";
  const secrets = secretsOf(headers);
  const name = method === "" ? "POST" : method.toUpperCase();
  return { url, queryKey: null, method: name, headers: [...headers], body: wholeBody(body), secrets };
}

function aiCall(url: string, own: Headers, opts: JsonObject): GatewayCall | string {
  const key = opts["auth_key"] ?? "";
  const format = opts["format"] ?? "";
  if (typeof key !== "string" || !HEADER_VALUE.test(key)) return "its auth_key cannot be sent";
  if (typeof format !== "string") return "its format is not a text";
  const body = opts["body"];
  if (body === undefined || body === null) return "it has no body";
  if (isJsonObject(body) && body["stream"] === true) return "its body asks for a stream, which cannot be a result";
  // What the app says itself wins over what follows from the format.
  const headers = new Map([...DEFAULT_AI_HEADERS, ...authHeaders(format, key), ...own]);
  return {
    url,
    queryKey: format === "gemini" && key !== "" ? key : null,
    method: "POST",
    headers: [...headers],
    body: wholeBody(typeof body === "string" ? body : JSON.stringify(body)),
    secrets: secretsOf(headers, key),
  };
}

const DEFAULT_AI_HEADERS: readonly GatewayHeader[] = [
  ["accept", "application/json"],
  ["content-type", "application/json"],
];

const ANTHROPIC_VERSION = "2023-06-01";

/** How a provider is told who asks. Those whose format nobody knows take what most take. */
function authHeaders(format: string, key: string): readonly GatewayHeader[] {
  const version: readonly GatewayHeader[] = format === "anthropic" ? [["anthropic-version", ANTHROPIC_VERSION]] : [];
  if (key === "" || format === "gemini") return version;
  if (format === "bedrock") return [["authorization", key]];
  if (format === "anthropic") return [...version, ["x-api-key", key]];
  return [["authorization", `Bearer ${key}`]];
}

type Headers = ReadonlyMap<string, string>;

const METHOD = /^[a-zA-Z-]{0,32}$/;
/** They open tunnels or echo the request, secrets included. */
const NEVER_SENT_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
/** Bytes that a header line can carry; no line ends, no characters beyond one byte. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const NEVER_SENT_HEADERS: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  "content-length",
  "expect",
  "host",
  "http2-settings",
]);

/** G2. A name that comes in two spellings has two values, as if it were a list. */
function readHeaders(value: JsonValue): Headers | string {
  if (!isJsonObject(value)) return "its headers are not an object";
  const headers = new Map<string, string>();
  let size = 0;
  for (const [name, given] of Object.entries(value)) {
    const key = name.toLowerCase();
    if (given === null || NEVER_SENT_HEADERS.has(key)) continue;
    const text = headerText(given);
    if (!HEADER_NAME.test(name)) return "one of its headers has a name that cannot be sent";
    if (text === null || !HEADER_VALUE.test(text)) return `its header ${key} has a value that cannot be sent`;
    const known = headers.get(key);
    headers.set(key, known === undefined ? text : `${known}, ${text}`);
    size += name.length + text.length;
  }
  if (headers.size > LIMITS.gatewayHeadersMax) return `it has more than ${LIMITS.gatewayHeadersMax} headers`;
  if (size > LIMITS.gatewayHeaderCharsMax) {
    return `its headers have more than ${LIMITS.gatewayHeaderCharsMax} characters`;
  }
  return headers;
}

function headerText(value: JsonValue): string | null {
  if (Array.isArray(value)) return value.every((item) => typeof item === "string") ? value.join(", ") : null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

/** The values of headers that are secret, and what follows the scheme in them. */
function secretsOf(headers: Headers, key = ""): readonly string[] {
  const values = [...headers].filter(([name, value]) => redactedHeader(name, value) === REDACTED);
  const texts = values.flatMap(([, value]) => [value, value.replace(/^\s*[\w-]+\s+/, "")]);
  return [...new Set([key, ...texts])].filter((text) => text !== "");
}

function hasControls(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

const wholeBody = (body: string | null): string | null => (body === null ? null : wholePairs(body));

/** Of a body this much is kept for the history. */
const SHOWN_BODY_CHARS_MAX = 64 * 1024;

/** The options as the history keeps them (G3): keys, credentials and whatever is named like them replaced, the body cut. */
export function redactGatewayOpts(kind: GatewayKind, opts: JsonObject): JsonObject {
  const entries = Object.entries(opts).map(([name, value]): [string, JsonValue] => {
    if (name === "url") return [name, typeof value === "string" ? redactedUrl(value) : REDACTED];
    if (name === "headers") return [name, redactedHeaders(value)];
    if (name === "body") return [name, shownBody(kind === "ai" ? withoutSecrets(value) : value)];
    return [name, isSecretName(name) ? REDACTED : withoutSecrets(value)];
  });
  return Object.fromEntries(entries);
}

function redactedHeaders(value: JsonValue): JsonValue {
  if (!isJsonObject(value)) return value === null ? null : REDACTED;
  const shown = (name: string, given: JsonValue): JsonValue => {
    if (Array.isArray(given)) return given.map((item) => shown(name, item));
    if (typeof given === "string") return redactedHeader(name, given);
    return isSecretName(name) ? REDACTED : withoutSecrets(given);
  };
  return Object.fromEntries(Object.entries(value).map(([name, given]) => [name, shown(name, given)]));
}

/** Providers take keys of other services within the body: texts under secret names, however deep. */
function withoutSecrets(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([name, inner]): [string, JsonValue] => {
    return [name, typeof inner === "string" && isSecretName(name) ? REDACTED : withoutSecrets(inner)];
  });
  return Object.fromEntries(entries);
}

function shownBody(body: JsonValue): JsonValue {
  const text = typeof body === "string" ? body : canonicalJson(body);
  return text.length <= SHOWN_BODY_CHARS_MAX ? body : wholePairs(`${text.slice(0, SHOWN_BODY_CHARS_MAX)}…`);
}
