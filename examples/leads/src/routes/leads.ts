/** Leads: each request saves what it was given, sends an event, and answers at once. The workflows do the rest. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { saveLead, saveReply, saveStatus } from "../database.ts";
import { client } from "../stepwell/client.ts";
import { appointmentBooked, leadCancelled, leadSchema, newLead, replyReceived } from "../stepwell/events.ts";
import { appointmentApproved } from "../stepwell/signals.ts";
import { readBody } from "./body.ts";

const createLead = leadSchema.extend({ client_id: z.string().optional() });
const createReply = z.object({ text: z.string().min(1) });
const createAppointment = z.object({ email: z.email(), starts_at: z.iso.datetime() });
const createApproval = z.object({ by: z.string().min(1) });

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

  /** Ends the workflows that are under way for the lead: their `cancelOn` rules wait for this event. */
  app.post<OneLead>("/leads/:id/cancel", async (request, reply) => {
    const { id } = request.params;
    saveStatus(id, "cancelled");
    const { ids } = await client.send(leadCancelled.create({ lead_id: id }));
    return reply.code(202).send({ lead_id: id, event_id: ids[0] });
  });

  /** Wakes the run that waits for the approval. One that does not wait yet finds it: the signal is kept for a while. */
  app.post<OneLead>("/leads/:id/appointments/approve", async (request, reply) => {
    const { by } = readBody(request, createApproval);
    const { id } = request.params;
    const { runId } = await client.sendSignal({ signal: appointmentApproved(id), data: { by }, ttl: "10m" });
    return reply.code(202).send({ lead_id: id, run_id: runId });
  });
}
