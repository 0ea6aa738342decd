/** The one place where requests are made: same origin, JSON, and errors with the server's own words. */

export class ApiError extends Error {
  readonly status: number;
  /** Stays the same; docs/errors.md has a section for each. `unreachable`: there was no answer. */
  readonly code: string;
  /** What to do about it, when the server says so. */
  readonly fix: string | null;

  constructor(status: number, code: string, message: string, fix: string | null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.fix = fix;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface RequestOptions {
  readonly query?: Query;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

let tellRefused = () => {};

/**
 * Called when the server asks for a log-in, or for more than whoever is logged in may do. A wrong password is no reason: that
 * request says so itself.
 */
export function onRefused(listener: () => void): void {
  tellRefused = listener;
}

/** The body of the answer; throws an `ApiError` for everything else. */
export async function request<Body>(method: string, path: string, options: RequestOptions = {}): Promise<Body> {
  const { body, signal = null } = options;
  let response: Response;
  try {
    response = await fetch(addressOf(path, options.query), {
      method,
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError(
      0,
      "unreachable",
      "The server cannot be reached.",
      "Check that it is running; this page retries.",
    );
  }
  const text = await response.text();
  const value = parsed(text);
  if (response.ok) return value as Body;
  if ((response.status === 401 || response.status === 403) && !path.startsWith("/v1/session")) tellRefused();
  throw errorOf(response.status, value);
}

/** Members that are absent or empty are left out. */
export function addressOf(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** A path of pieces that come from data. */
export function pathOf(...pieces: readonly string[]): string {
  return pieces.map((piece) => `/${encodeURIComponent(piece)}`).join("");
}

function parsed(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** Both forms of an error: `{ error, code, data }`, and `{ errors: [{ code, message }] }`. */
function errorOf(status: number, value: unknown): ApiError {
  const body = (value ?? {}) as {
    readonly error?: string;
    readonly code?: string;
    readonly data?: { readonly fix?: string };
    readonly errors?: readonly { readonly code: string; readonly message: string }[];
  };
  const first = body.errors?.[0];
  const code = body.code ?? first?.code ?? "unknown";
  const message = body.error ?? first?.message ?? `The server answered ${status}.`;
  return new ApiError(status, code, message, body.data?.fix ?? null);
}
