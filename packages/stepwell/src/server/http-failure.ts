/** Why an HTTP request got no answer, in words for people. */
import { errorText } from "../protocol/error-value.ts";

export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  readonly kind: "unreachable" | "timeout" | "too_large" | "invalid" | "aborted";
  /** True: there was no connection, so nothing was sent. */
  readonly isUnreached: boolean;

  constructor(kind: HttpFailure["kind"], reason: string, options?: { cause?: unknown; isUnreached?: boolean }) {
    super(reason, options);
    this.kind = kind;
    this.isUnreached = options?.isUnreached ?? false;
  }
}

const CLOSED = "the connection was closed";

export const connectionClosed = (): HttpFailure => new HttpFailure("unreachable", CLOSED);
export const shuttingDown = (): HttpFailure => new HttpFailure("unreachable", "the server is shutting down");

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name could not be looked up",
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  ETIMEDOUT: "connecting timed out",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
};

/** Whatever went wrong, as a failure with a reason. */
export function failureOf(error: unknown): HttpFailure {
  if (error instanceof HttpFailure) return error;
  const cause = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const code = String((cause as { code?: unknown }).code ?? "");
  const text = errorText(cause);
  return new HttpFailure("unreachable", REASONS[code] ?? text, { cause: error, isUnreached: isUnreached(code, cause) });
}

/** Errors of looking the host up and of connecting; some of them can come later too, and then name another call. */
function isUnreached(code: string, error: unknown): boolean {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return true;
  return (error as { syscall?: unknown }).syscall === "connect";
}
