/**
 * `step.fetch`: a request that the server makes, and its answer as a `Response`.
 *
 *   FS1. The step is found in the turn in which it is asked for, as its siblings are. Only a `Request` with a body takes
 *        longer, because its body has to be read.
 *   FS2. What a step cannot carry (binary bodies, streams) is refused, never changed silently.
 */

import { StepwellError } from "../protocol/coded-error.ts";
import { errorText } from "../protocol/error-value.ts";
import { isJsonObject } from "../protocol/json.ts";
import type { AskStep, StepAsk, StepIdInput } from "./step-request.ts";

/** What `step.fetch` takes beside the address. */
export interface StepFetchInit {
  /** `GET` by default. */
  readonly method?: string;
  readonly headers?: HeadersInit;
  /** A text (of JSON, for example) or form fields. */
  readonly body?: string | URLSearchParams | null;
}

/**
 * Lets the server make an HTTP request. The app holds nothing while the answer is on its way, which may be slow; the
 * server tries again when there is none. Any answer counts as one, whatever its status: check `response.ok`.
 *
 * @throws `option_invalid` for what cannot be requested; a `StepError` when no attempt got an answer.
 * @example
 * ```ts
 * import { Stepwell } from "stepwell";
 * const client = new Stepwell({ id: "reports" });
 * client.createFunction({ id: "daily", triggers: { cron: "0 9 * * *" } }, async ({ step }) => {
 *   const response = await step.fetch("load", "https://example.com/report", { headers: { accept: "application/json" } });
 *   return response.ok ? await response.json() : null;
 * });
 * ```
 */
export type StepFetch = (id: StepIdInput, target: string | URL | Request, init?: StepFetchInit) => Promise<Response>;

export function createFetchTool(ask: AskStep, kept: <Result>(promise: Promise<Result>) => Promise<Result>): StepFetch {
  const fetchAt = async (id: StepIdInput, target: string | URL | Request, init: StepFetchInit): Promise<Response> => {
    const found =
      target instanceof Request && target.body !== null && init.body === undefined
        ? fetchWithBody(ask, id, target, init)
        : ask("fetch", id, (where) => fetchAsk(target, init, where)); // FS1
    return responseOf(await found);
  };
  return (id, target, init = {}) => kept(fetchAt(id, target, init));
}

async function fetchWithBody(ask: AskStep, id: StepIdInput, request: Request, init: StepFetchInit): Promise<unknown> {
  const body = await request.clone().text();
  return ask("fetch", id, (where) => fetchAsk(request, { ...init, body }, where));
}

function fetchAsk(target: string | URL | Request, init: StepFetchInit, where: string): StepAsk {
  const from = target instanceof Request ? target : null;
  const url = from?.url ?? String(target);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw invalid(where, `${JSON.stringify(url)} is not an http or https URL`);
  }
  const method = (init.method ?? from?.method ?? "GET").toUpperCase();
  const body = bodyOf(init.body, where);
  if (body !== null && (method === "GET" || method === "HEAD")) throw invalid(where, `${method} cannot have a body`);
  const headers = headersOf(init.headers ?? from?.headers, where);
  if (body !== null && !headers.has("content-type")) headers.set("content-type", contentTypeOf(init.body));
  return {
    op: "Gateway",
    opts: { type: "step.fetch", url, method, headers: Object.fromEntries(headers), ...(body === null ? {} : { body }) },
  };
}

function bodyOf(body: StepFetchInit["body"], where: string): string | null {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw invalid(where, "the body must be a text or URLSearchParams; use JSON.stringify or base64"); // FS2
}

function headersOf(init: HeadersInit | undefined, where: string): Headers {
  try {
    return new Headers(init);
  } catch (cause) {
    throw invalid(where, `its headers cannot be sent: ${errorText(cause)}`);
  }
}

/** What `fetch` itself would say. */
function contentTypeOf(body: StepFetchInit["body"]): string {
  return typeof body === "string" ? "text/plain;charset=UTF-8" : "application/x-www-form-urlencoded;charset=UTF-8";
}

/** Statuses whose responses have no body; the constructor insists. */
const EMPTY_STATUSES: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/** The response that a memo holds. */
function responseOf(memo: unknown): Response {
  const stored = isJsonObject(memo) ? memo : {};
  const status = typeof stored["status_code"] === "number" ? stored["status_code"] : 200;
  const body = typeof stored["body"] === "string" ? stored["body"] : "";
  const isPossible = Number.isInteger(status) && status >= 200 && status <= 599;
  const headers = new Headers();
  for (const [name, value] of Object.entries(isJsonObject(stored["headers"]) ? stored["headers"] : {})) {
    for (const one of [value].flat()) appendSafely(headers, name, String(one));
  }
  const init = { status: isPossible ? status : 200, headers };
  const response = new Response(EMPTY_STATUSES.has(status) ? null : body, init);
  const url = typeof stored["url"] === "string" ? stored["url"] : "";
  // Responses made by hand have neither; these come from somewhere, with that status.
  return Object.defineProperties(response, {
    url: { value: url },
    ...(isPossible ? {} : { status: { value: status }, ok: { value: false } }),
  });
}

function appendSafely(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {
    // A server somewhere sent what no header can be; the others are of use without it.
  }
}

const invalid = (where: string, reason: string) => new StepwellError("option_invalid", { where, reason });
