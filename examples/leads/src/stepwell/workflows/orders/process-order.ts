/** Takes the money for an order. At most ten orders at a time. */
import { client } from "../../client.ts";
import { orderPlaced, paymentCompleted } from "../../events.ts";
import { processPayment } from "./functions/process-payment.ts";

export const processOrder = client.createFunction(
  { id: "api/process-order", triggers: orderPlaced, concurrency: [{ limit: 10 }] },
  async ({ event, step }) => {
    const { order_id, card, amount_cents } = event.data;
    const { transaction_id } = await step.run("process-payment", processPayment, { order_id, card, amount_cents });
    await step.sendEvent("payment-completed", paymentCompleted.create({ order_id, transaction_id }));
    return { status: "paid", transaction_id };
  },
);
