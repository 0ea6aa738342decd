/**
 * The server's HTTP API, as the commands use it. What fails here is a coded error: the server's own, or the one that
 * says that no server answers.
 */
import { ERRORS, type ErrorCode, type ErrorDetails, StepwellError } from "../protocol/errors.ts";
import { HEADERS } from "../protocol/headers.ts";
import { hashedSigningKey } from "../protocol/signature.ts";
import { type Environment, serverUrl, setting } from "./settings.ts";

export interface ClientOptions {
  readonly url?: string;
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
    const key = setting(options.signingKey, "SIGNING_KEY", env);
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${hashedSigningKey(key) ?? key}` };
  }

  /** The `data` of an answer. */
  async get<T>(path: string): Promise<T> {
    return ((await this.#json("GET", path)) as { readonly data: T }).data;
  }

  /** The first `limit` records of a list, however many pages that takes. */
  async list<T>(path: string, query: Query, limit: number): Promise<Page<T>> {
    const data: T[] = [];
    let cursor = query["cursor"];
    for (;;) {
      const wanted = pathWith(path, { ...query, cursor, limit: limit - data.length });
      const page = (await this.#json("GET", wanted)) as ListAnswer<T>;
      data.push(...page.data);
      const next = page.page?.cursor ?? null;
      if (next === null || data.length >= limit || page.data.length === 0) return { data, cursor: next };
      cursor = next;
    }
  }

  async delete(path: string): Promise<void> {
    await this.#request("DELETE", path, {});
  }

  /** Sends events; the seed makes a repeated request store nothing twice. */
  async send(eventKey: string, body: string, seed: string): Promise<readonly string[]> {
    const headers = { "content-type": "application/json", [HEADERS.eventIdSeed]: seed };
    const response = await this.#request("POST", `/e/${encodeURIComponent(eventKey)}`, { body, headers });
    return ((await response.json()) as { readonly ids: readonly string[] }).ids;
  }

  /** An open stream of server-sent events; `lastEventId` tells where the last one broke off. */
  stream(path: string, lastEventId: string | null, signal: AbortSignal): Promise<Response> {
    const headers = { accept: "text/event-stream", ...(lastEventId === null ? {} : { "last-event-id": lastEventId }) };
    return this.#request("GET", path, { headers, signal });
  }

  async #json(method: string, path: string): Promise<unknown> {
    const response = await this.#request(method, path, {});
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
      throw new StepwellError("server_unreachable", { url: this.url }, { cause });
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

  #refused(status: number, reason: string, cause?: unknown): StepwellError {
    return new StepwellError("server_refused", { url: this.url, status, reason }, { cause });
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

export function pathWith(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? path : `${path}?${search}`;
}
