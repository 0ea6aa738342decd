/** Users: signing up starts the drip campaign, and actions are handled a few at a time. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { client } from "../stepwell/client.ts";
import { userAction, userSignedUp } from "../stepwell/events.ts";
import { readBody } from "./body.ts";

const createUser = z.object({ user_id: z.string().min(1) });
const createAction = z.object({ action: z.string().min(1) });

export async function userRoutes(app: FastifyInstance): Promise<void> {
  app.post("/users", async (request, reply) => {
    const { user_id } = readBody(request, createUser);
    // Signing up twice starts one campaign: within 24 hours a function starts once for an event's id.
    const { ids } = await client.send(userSignedUp.create({ user_id }, { id: `signed-up-${user_id}` }));
    return reply.code(202).send({ user_id, event_id: ids[0] });
  });

  app.post<{ Params: { readonly id: string } }>("/users/:id/actions", async (request, reply) => {
    const { action } = readBody(request, createAction);
    const { ids } = await client.send(userAction.create({ user_id: request.params.id, action }));
    return reply.code(202).send({ user_id: request.params.id, event_id: ids[0] });
  });
}
