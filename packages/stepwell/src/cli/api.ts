/**
 * The server's HTTP API, as the commands use it. What fails here is a coded error: the server's own, or the one that
 * says that no server answers.
 */
import { ERRORS, type ErrorCode, type ErrorDetails, StepwellError } from "../protocol/errors.ts";
import { HEADERS } from "../protocol/headers.ts";
import { hashedSigningKey } from "../protocol/signature.ts";
import { shownUrl } from "../server/app-url.ts";
import { type Environment, serverUrl, setting } from "./settings.ts";

export interface ClientOptions {
  readonly url?: string;
  readonly apiToken?: string;
  readonly signingKey?: string;
  readonly json: boolean;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Page<T> {
  readonly data: readonly T[];
  /** Null on the last page. */
  readonly cursor: string | null;
}

export class ApiClient {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: ClientOptions, env: Environment) {
    this.url = serverUrl(options.url, env);
    const token = bearerOf(options, env);
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** The `data` of an answer. */
  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.#json("GET", path);
    if (!isRecord(body) || typeof body["data"] !== "object" || body["data"] === null) throw this.#stranger(status);
    return body["data"] as T;
  }

  /** The first `limit` records of a list, however many pages that takes. */
  async list<T, More extends object = object>(path: string, query: Query, limit: number): Promise<Page<T> & More> {
    const data: T[] = [];
    let cursor = query["cursor"];
    for (;;) {
      const wanted = pathWith(path, { ...query, cursor, limit: limit - data.length });
      const { status, body } = await this.#json("GET", wanted);
      if (!isRecord(body) || !Array.isArray(body["data"])) throw this.#stranger(status);
      const page = body as unknown as ListAnswer<T>;
      data.push(...page.data);
      const next = page.page?.cursor ?? null;
      if (next === null || data.length >= limit || page.data.length === 0) {
        const { data: _data, page: _page, metadata: _metadata, ...more } = body;
        return { ...(more as More), data, cursor: next };
      }
      cursor = next;
    }
  }

  /** Sends a JSON body; the `data` of the answer, and its status. */
  async post<T>(path: string, body: object): Promise<{ readonly status: number; readonly data: T }> {
    return this.#send("POST", path, body);
  }

  async #send<T>(method: string, path: string, body: object): Promise<{ readonly status: number; readonly data: T }> {
    const headers = { "content-type": "application/json" };
    const response = await this.#request(method, path, { body: JSON.stringify(body), headers });
    const answer = await this.#body(response);
    if (!isRecord(answer) || !isRecord(answer["data"])) throw this.#stranger(response.status);
    return { status: response.status, data: answer["data"] as T };
  }

  /** Replaces something; the `data` of the answer, and its status. */
  async put<T>(path: string, body: object): Promise<{ readonly status: number; readonly data: T }> {
    return this.#send("PUT", path, body);
  }

  async delete(path: string): Promise<void> {
    await this.#request("DELETE", path, {});
  }

  /** Sends events; the seed makes a repeated request store nothing twice. */
  async send(eventKey: string, body: string, seed: string): Promise<readonly string[]> {
    const headers = { "content-type": "application/json", [HEADERS.eventIdSeed]: seed };
    const response = await this.#request("POST", `/e/${encodeURIComponent(eventKey)}`, { body, headers });
    const answer = await this.#body(response);
    const ids = isRecord(answer) ? answer["ids"] : undefined;
    if (!Array.isArray(ids) || ids.length === 0) throw this.#stranger(response.status);
    return ids.map(String);
  }

  /** An open stream of server-sent events; `lastEventId` tells where the last one broke off. */
  stream(path: string, lastEventId: string | null, signal: AbortSignal): Promise<Response> {
    const headers = { accept: "text/event-stream", ...(lastEventId === null ? {} : { "last-event-id": lastEventId }) };
    return this.#request("GET", path, { headers, signal });
  }

  async #json(method: string, path: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await this.#request(method, path, {});
    return { status: response.status, body: await this.#body(response) };
  }

  async #body(response: Response): Promise<unknown> {
    try {
      return await response.json();
    } catch (cause) {
      throw this.#refused(response.status, "the body is not JSON", cause);
    }
  }

  async #request(method: string, path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      const headers = { ...this.#headers, ...(init.headers as Record<string, string> | undefined) };
      response = await fetch(this.url + path, { ...init, method, headers });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw new StepwellError("server_unreachable", { url: shownUrl(this.url) }, { cause });
    }
    if (response.headers.has(HEADERS.sdk)) {
      void response.body?.cancel();
      throw this.#refused(response.status, "this is an app, not a Stepwell server");
    }
    if (response.ok) return response;
    throw this.#failure(response.status, await response.text().catch(() => ""));
  }

  /** The server's coded error, rebuilt; or what little a stranger's answer tells. */
  #failure(status: number, text: string): StepwellError {
    let body: Partial<ErrorBody> = {};
    try {
      body = JSON.parse(text) as Partial<ErrorBody>;
    } catch {
      // Not ours; told below.
    }
    const { code, data, index, error } = body;
    if (code === undefined || !(code in ERRORS)) {
      return this.#refused(status, (error ?? text).slice(0, 200) || "nothing");
    }
    const details = { ...data, ...(index === undefined ? {} : { index }) } as ErrorDetails;
    return new ServerError(code as ErrorCode, details, error);
  }

  #stranger(status: number): StepwellError {
    return this.#refused(status, "this is not a Stepwell server");
  }

  #refused(status: number, reason: string, cause?: unknown): StepwellError {
    return new StepwellError("server_refused", { url: shownUrl(this.url), status, reason }, { cause });
  }
}

interface ListAnswer<T> {
  readonly data: readonly T[];
  readonly page?: { readonly cursor: string | null };
}

interface ErrorBody {
  readonly error: string;
  readonly code: string;
  readonly index: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A coded error in the server's own words: it knows details that it does not always send. */
class ServerError extends StepwellError {
  constructor(code: ErrorCode, details: ErrorDetails, message: string | undefined) {
    super(code, details);
    if (message !== undefined) this.message = message;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** What is shown to the server: what the command line says comes before the environment, a token before the key. */
function bearerOf({ apiToken, signingKey }: ClientOptions, env: Environment): string | undefined {
  if (apiToken !== undefined) return apiToken;
  const token = signingKey === undefined ? setting(undefined, "API_TOKEN", env) : undefined;
  if (token !== undefined) return token;
  const key = setting(signingKey, "SIGNING_KEY", env);
  return key === undefined ? undefined : (hashedSigningKey(key) ?? key);
}

export function pathWith(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? path : `${path}?${search}`;
}
