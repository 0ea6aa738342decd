/** One function for three events. `event` is one of three types, told apart by its name. */
import { post } from "../../../services/post.ts";
import { client } from "../../client.ts";
import { orderCancelled, orderPlaced, orderUpdated } from "../../events.ts";

export const handleOrderUpdate = client.createFunction(
  { id: "orders/handle-update", triggers: [orderPlaced, orderUpdated, orderCancelled] },
  async ({ event, step }) => {
    const { order_id: orderId } = event.data;

    if (event.name === "order/placed") {
      await step.run("process-new", reserveStock, orderId, event.data.sku);
    } else if (event.name === "order/updated") {
      await step.run("process-update", updateStock, orderId);
    } else {
      await step.run("process-cancel", releaseStock, orderId);
    }

    return { handled: event.name, order_id: orderId };
  },
);

const reserveStock = (orderId: string, sku: string) => post<object>("/stock/reserve", { order_id: orderId, sku });
const updateStock = (orderId: string) => post<object>("/stock/update", { order_id: orderId });
const releaseStock = (orderId: string) => post<object>("/stock/release", { order_id: orderId });
