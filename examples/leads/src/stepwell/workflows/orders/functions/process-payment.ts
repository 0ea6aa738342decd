/** The three ways to fail: never again, again after a while, and again with the usual growing delays. */
import { NonRetriableError, RetryAfterError } from "stepwell";
import { charge, InvalidCardError, type Payment, RateLimitError } from "../../../../services/payment-gateway.ts";

export async function processPayment(payment: Payment): Promise<{ success: true; transaction_id: string }> {
  try {
    const result = await charge(payment);
    return { success: true, transaction_id: result.id };
  } catch (error) {
    // Another attempt would not help.
    if (error instanceof InvalidCardError) {
      throw new NonRetriableError(`Invalid card: ${error.message}`, { cause: error });
    }
    // The gateway says when to come back.
    if (error instanceof RateLimitError) {
      throw new RetryAfterError("Rate limited by payment gateway", "1h", { cause: error });
    }
    // A gateway that timed out, or anything unknown: the default backoff.
    throw error;
  }
}
