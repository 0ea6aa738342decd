/**
 * The endpoint of an app: one URL, four methods.
 *
 *   H1. Whatever arrives gets an answer with a code; nothing thrown reaches the host.
 *   H2. In production nothing is answered without a valid signature: no call, no sync, no introspection. The refusal
 *       does not even say what runs here.
 *   H3. Every other answer carries the SDK header and the request version. An answer to a call says no more about the
 *       app than that: each header is written, read and checked once per step.
 *   H4. Answers to verified requests are signed with the key that verified them.
 */
import { isStepwellError, StepwellError } from "../protocol/coded-error.ts";
import { HEADERS, QUERY } from "../protocol/headers.ts";
import { isJsonObject } from "../protocol/json.ts";
import { SYNC_KIND } from "../protocol/register.ts";
import { SDK_TAG } from "../protocol/version.ts";
import { callApi } from "./api.ts";
import { type App, createApp, type ServeOptions } from "./app.ts";
import { answerCall } from "./call.ts";
import { inBandReply, inspection, introspection, registerRequest } from "./describe.ts";
import { errorData } from "./error-data.ts";
import { bytesOf, type Incoming, parseBody, type Reply } from "./incoming.ts";
import { REQUEST_VERSION } from "./request-version.ts";
import { readSettings, type Settings } from "./settings.ts";
import { prove, signText } from "./signing.ts";

/** Answers a request, whatever host it came from. */
export type Exchange = (incoming: Incoming) => Promise<Reply>;

/** The endpoint behind every door; `framework` is the name of the door. */
export function createExchange(options: ServeOptions, framework: string): Exchange {
  const app = createApp(options, framework);
  // Read at the first request, when every host has its variables, and kept: reading the environment is not cheap.
  let endpoint: Endpoint | null = null;
  return async (incoming) => {
    let common: Headers = {};
    try {
      endpoint ??= createEndpoint(app);
      const method = incoming.method.toUpperCase();
      common = method === "POST" ? endpoint.callHeaders : endpoint.headers;
      if (method !== "GET" && method !== "PUT" && method !== "POST") {
        common = { ...common, allow: "GET, PUT, POST" };
        throw new StepwellError("method_not_allowed");
      }
      const bytes = method === "GET" ? new Uint8Array(0) : bytesOf(await incoming.body());
      const { settings } = endpoint;
      const proof = prove(incoming, bytes, settings);
      const isOpen = method === "PUT" && app.allowUnsignedSync && !isInBand(incoming);
      if (!proof.isTrusted && !isOpen) {
        if (incoming.header(HEADERS.signature) !== null) warnOfKey(endpoint);
        return refuse(proof.error, common);
      }
      const key = proof.isTrusted ? proof.key : null;
      return finish(await route(app, incoming, method, bytes, settings, key), common, key);
    } catch (error) {
      return finish(errorReply(error), common, null); // H1
    }
  };
}

interface Endpoint {
  readonly app: App;
  readonly settings: Settings;
  /** Headers of answers to calls. */
  readonly callHeaders: Headers;
  /** Headers of every other answer. */
  readonly headers: Headers;
  /** When a signature was last said to be wrong. */
  warnedAt: number;
}

const WARN_EVERY_MS = 60_000;

/** A server that signs with another key is told nothing (H2); the app's own log says what is wrong, now and then. */
function warnOfKey(endpoint: Endpoint): void {
  const now = Date.now();
  if (now - endpoint.warnedAt < WARN_EVERY_MS) return;
  endpoint.warnedAt = now;
  endpoint.app.client.logger.warn(
    "stepwell: refused a request: the server's signing key is another one, or its clock is off",
  );
}

function createEndpoint(app: App): Endpoint {
  const settings = readSettings(app.client.options);
  const callHeaders = callHeadersOf(settings);
  return { app, settings, callHeaders, headers: { ...callHeaders, ...descriptionOf(app, settings) }, warnedAt: 0 };
}

function route(
  app: App,
  incoming: Incoming,
  method: string,
  bytes: Uint8Array,
  settings: Settings,
  key: string | null,
) {
  if (method === "GET") {
    const isProven = key !== null;
    return json(
      200,
      isProven ? inspection(app, settings) : introspection(app, settings, settings.isDev ? null : false),
    );
  }
  if (method === "PUT") return sync(app, incoming, new URL(incoming.url), bytes, settings);
  const query = queryOf(incoming.target ?? incoming.url);
  const probe = query.get(QUERY.probe);
  if (probe === null) return answerCall(app, incoming, query, parseBody(bytes), settings);
  if (probe === "trust") return json(200, {});
  throw new StepwellError("query_invalid", { name: QUERY.probe, reason: `there is no probe ${probe}` });
}

const QUERIES_MAX = 1_000;
const QUERY_KEPT_CHARS_MAX = 1_000;
const queries = new Map<string, URLSearchParams>();

/** The parameters of a URL, which need no parsing of the rest. Calls of a function have the same ones, over and over. */
function queryOf(url: string): URLSearchParams {
  const from = url.indexOf("?");
  const text = from < 0 ? "" : url.slice(from + 1);
  const known = queries.get(text);
  if (known !== undefined) return known;
  const query = new URLSearchParams(text);
  if (queries.size >= QUERIES_MAX) queries.clear();
  if (text.length <= QUERY_KEPT_CHARS_MAX) queries.set(text, query);
  return query;
}

// Sync.

const isInBand = (incoming: Incoming) => incoming.header(HEADERS.syncKind) === SYNC_KIND.inBand;

async function sync(app: App, incoming: Incoming, url: URL, bytes: Uint8Array, settings: Settings): Promise<Reply> {
  const appUrl = ownUrl(app, url);
  if (isInBand(incoming)) {
    const body = parseBody(bytes);
    if (!isJsonObject(body) || typeof body["url"] !== "string") {
      throw new StepwellError("body_invalid", { reason: "`url` must be a text" });
    }
    return json(200, inBandReply(app, settings, appUrl), { [HEADERS.syncKind]: SYNC_KIND.inBand });
  }
  const deployId = url.searchParams.get(QUERY.deployId);
  const serverKind = incoming.header(HEADERS.serverKind);
  const headers = {
    [HEADERS.framework]: app.framework,
    [HEADERS.syncKind]: SYNC_KIND.outOfBand,
    ...(serverKind === null ? {} : { [HEADERS.expectedServerKind]: serverKind }),
  };
  const query = deployId === null ? "" : `?${QUERY.deployId}=${encodeURIComponent(deployId)}`;
  const body = JSON.stringify(registerRequest(app, appUrl, deployId));
  const reply = await callApi(settings, { method: "POST", path: `/fn/register${query}`, body, headers }).catch(
    (cause: unknown) => {
      throw new StepwellError("server_unreachable", { url: settings.apiUrl }, { cause });
    },
  );
  return registered(reply.status, reply.body);
}

/** The server's answer to a registration, as the answer to who asked for it. */
function registered(status: number, text: string): Reply {
  const headers = { [HEADERS.syncKind]: SYNC_KIND.outOfBand };
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: the status and the text have to do.
  }
  const fields = isJsonObject(body) ? body : {};
  const isOk = status >= 200 && status < 300 && fields["error"] === undefined;
  if (isOk) {
    return json(200, { message: "Successfully registered", modified: fields["modified"] === true }, headers);
  }
  const inner = typeof fields["status"] === "number" ? fields["status"] : status;
  const message = typeof fields["error"] === "string" ? fields["error"] : text.slice(0, 500);
  return json(inner >= 400 && inner < 600 ? inner : 502, { message, modified: false }, headers);
}

/** Where the server reaches this endpoint. */
function ownUrl(app: App, url: URL): string {
  const own = new URL(app.servePath ?? url.pathname, app.serveOrigin ?? url.origin);
  for (const [name, value] of url.searchParams) {
    if (name !== QUERY.deployId && name !== QUERY.probe) own.searchParams.set(name, value);
  }
  return own.href;
}

// Replies.

type Headers = Readonly<Record<string, string>>;

function descriptionOf(app: App, settings: Settings): Headers {
  return {
    "user-agent": SDK_TAG,
    [HEADERS.framework]: app.framework,
    [HEADERS.expectedServerKind]: settings.isDev ? "dev" : "cloud",
  };
}

function callHeadersOf(settings: Settings): Headers {
  return {
    "content-type": "application/json",
    [HEADERS.sdk]: SDK_TAG,
    [HEADERS.requestVersion]: String(REQUEST_VERSION),
    [HANDLED]: "true",
    ...(settings.env === null ? {} : { [HEADERS.env]: settings.env }),
  };
}

/** Tells a proxy's error page from ours. */
const HANDLED = "x-inngest-sdk-handled";

function finish(reply: Reply, common: Readonly<Record<string, string>>, key: string | null): Reply {
  const headers: Record<string, string> = { ...common, ...reply.headers };
  if (key !== null) headers[HEADERS.signature] = signText(reply.body, key); // H4
  return { ...reply, headers };
}

/** A refusal of somebody who did not prove the key (H2). A missing key of our own is told, so that it can be mended. */
function refuse(error: StepwellError, common: Readonly<Record<string, string>>): Reply {
  const reply = errorReply(error);
  if (error.code !== "unauthorized") return finish(reply, common, null);
  return { ...reply, headers: { "content-type": "application/json", [HANDLED]: "true" } };
}

function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers, body: JSON.stringify(body) };
}

/** An error of the endpoint itself, with its code. */
function errorReply(error: unknown): Reply {
  const headers = { "content-type": "application/json" };
  if (!isStepwellError(error)) return json(500, { ...errorData(error), code: "internal_error" }, headers);
  const { code, message, fix } = error;
  return json(error.status, { code, error: message, fix, message, name: error.name, status: error.status }, headers);
}
