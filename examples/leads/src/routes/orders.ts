/** Orders: a new one sends three events in one request, all or none of which are stored. */
import type { FastifyInstance } from "fastify";
import { client } from "../stepwell/client.ts";
import {
  inventoryReserved,
  notificationSend,
  orderCancelled,
  orderPlaced,
  orderSchema,
  orderUpdated,
} from "../stepwell/events.ts";
import { readBody } from "./body.ts";

interface OneOrder {
  readonly Params: { readonly id: string };
}

export async function orderRoutes(app: FastifyInstance): Promise<void> {
  app.post("/orders", async (request, reply) => {
    const order = readBody(request, orderSchema);
    const { ids } = await client.send([
      orderPlaced.create(order),
      inventoryReserved.create({ order_id: order.order_id, sku: order.sku }),
      notificationSend.create({ user_id: order.user_id, type: "order_confirmation" }),
    ]);
    return reply.code(202).send({ order_id: order.order_id, event_ids: ids });
  });

  app.patch<OneOrder>("/orders/:id", async (request, reply) => {
    const { id } = request.params;
    const { ids } = await client.send(orderUpdated.create({ order_id: id }));
    return reply.code(202).send({ order_id: id, event_ids: ids });
  });

  app.delete<OneOrder>("/orders/:id", async (request, reply) => {
    const { id } = request.params;
    const { ids } = await client.send(orderCancelled.create({ order_id: id }));
    return reply.code(202).send({ order_id: id, event_ids: ids });
  });
}
