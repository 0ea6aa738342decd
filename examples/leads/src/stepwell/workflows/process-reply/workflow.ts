/** Answers a lead's reply. Two functions: one takes what comes from outside, one does the work. */
import { findLead } from "../../../database.ts";
import { deliverEmail } from "../../../services/email.ts";
import { post } from "../../../services/post.ts";
import { leadIsCancelled } from "../../cancel-on.ts";
import { client } from "../../client.ts";
import { processReply, replyReceived } from "../../events.ts";

export const receiveReplyWorkflow = client.createFunction(
  { id: "leads/receive-reply", triggers: replyReceived, cancelOn: [leadIsCancelled] },
  async ({ event, step }) => {
    // People often send a second message right after the first.
    await step.sleep("wait-30-seconds", "30s");
    await step.sendEvent("process-reply", processReply.create(event.data));
    return { status: "handed-on" };
  },
);

export const processReplyWorkflow = client.createFunction(
  { id: "leads/process-reply", triggers: processReply, cancelOn: [leadIsCancelled] },
  async ({ event, step }) => {
    const { lead_id: leadId, text } = event.data;
    const answer = await step.run("create-answer", createAnswer, leadId, text);
    const lead = await step.run("find-lead", findLead, leadId);
    if (lead?.email === undefined) return { status: "nobody-to-write-to" };
    await step.run("send-answer", deliverEmail, { to: lead.email, ...answer }, `answer-${event.id}`);
    return { status: "answered" };
  },
);

function createAnswer(leadId: string, text: string): Promise<{ subject: string; text: string }> {
  return post("/create-answer", { lead_id: leadId, text });
}
