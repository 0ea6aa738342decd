/** The web app: its API, and the endpoint through which Stepwell calls its functions. */
import fastify, { type FastifyInstance } from "fastify";
import { serve } from "stepwell/fastify";
import { leadRoutes } from "./routes/leads.ts";
import { orderRoutes } from "./routes/orders.ts";
import { userRoutes } from "./routes/users.ts";
import { client } from "./stepwell/client.ts";
import { functions } from "./stepwell/functions.ts";

export function createApp(): FastifyInstance {
  const app = fastify();
  app.register(serve({ client, functions })); // at /api/stepwell
  app.register(leadRoutes);
  app.register(orderRoutes);
  app.register(userRoutes);
  return app;
}
