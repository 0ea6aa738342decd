/** Leads: each request saves what it was given, sends an event, and answers at once. The workflows do the rest. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { saveLead, saveReply } from "../database.ts";
import { client } from "../stepwell/client.ts";
import { appointmentBooked, leadSchema, newLead, replyReceived } from "../stepwell/events.ts";
import { readBody } from "./body.ts";

const createLead = leadSchema.extend({ client_id: z.string().optional() });
const createReply = z.object({ text: z.string().min(1) });
const createAppointment = z.object({ email: z.email(), starts_at: z.iso.datetime() });

interface OneLead {
  readonly Params: { readonly id: string };
}

export async function leadRoutes(app: FastifyInstance): Promise<void> {
  app.post("/leads", async (request, reply) => {
    const { client_id, ...lead } = readBody(request, createLead);
    const row = saveLead(lead);
    const { ids } = await client.send(newLead.create({ lead_id: row.id, lead, client_id }));
    return reply.code(202).send({ lead_id: row.id, status: "workflow_triggered", event_id: ids[0] });
  });

  app.post<OneLead>("/leads/:id/replies", async (request, reply) => {
    const { text } = readBody(request, createReply);
    const { id } = request.params;
    saveReply(id, text);
    const { ids } = await client.send(replyReceived.create({ lead_id: id, text }));
    return reply.code(202).send({ lead_id: id, event_id: ids[0] });
  });

  app.post<OneLead>("/leads/:id/appointments", async (request, reply) => {
    const appointment = readBody(request, createAppointment);
    const { id } = request.params;
    const { ids } = await client.send(appointmentBooked.create({ lead_id: id, ...appointment }));
    return reply.code(202).send({ lead_id: id, event_id: ids[0] });
  });
}
