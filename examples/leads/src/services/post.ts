/** Calls to the services this app depends on. A failed call throws, so that the step it is made in is tried again. */
import { settings } from "../settings.ts";

export class ServiceError extends Error {
  override name = "ServiceError";
  readonly status: number;

  constructor(path: string, status: number, text: string) {
    super(`POST ${path} answered ${status}: ${text}`);
    this.status = status;
  }
}

/** Posts JSON and returns the JSON answer. A service that knows `idempotencyKey` does the work once, however often it is asked. */
export async function post<Answer>(path: string, body: object, idempotencyKey?: string): Promise<Answer> {
  const response = await fetch(`${settings.servicesUrl}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(120_000),
  });
  const text = await response.text();
  if (!response.ok) throw new ServiceError(path, response.status, text);
  return JSON.parse(text) as Answer;
}
