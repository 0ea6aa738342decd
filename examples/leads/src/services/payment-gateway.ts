/** The payment gateway: its answers, as the errors a caller wants to tell apart. */
import { post, ServiceError } from "./post.ts";

export interface Payment {
  readonly order_id: string;
  readonly card: string;
  readonly amount_cents: number;
}

export class InvalidCardError extends Error {
  override name = "InvalidCardError";
}

export class RateLimitError extends Error {
  override name = "RateLimitError";
}

export class GatewayTimeoutError extends Error {
  override name = "GatewayTimeoutError";
}

export async function charge(payment: Payment): Promise<{ readonly id: string }> {
  try {
    return await post<{ id: string }>("/charges", payment, payment.order_id);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.status === 402) throw new InvalidCardError(`card ${payment.card} was declined`, { cause: error });
    if (error.status === 429) throw new RateLimitError("too many charges", { cause: error });
    if (error.status === 504) throw new GatewayTimeoutError("the bank did not answer", { cause: error });
    throw error;
  }
}
