/** Reminds a lead once, and closes it a week later if there is still no reply. Started by its event, or invoked. */
import { countReplies, findLead } from "../../../database.ts";
import { deliverEmail } from "../../../services/email.ts";
import { leadIsCancelled } from "../../cancel-on.ts";
import { client } from "../../client.ts";
import { followUp } from "../../events.ts";

export const followUpWorkflow = client.createFunction(
  { id: "leads/follow-up", triggers: followUp, cancelOn: [leadIsCancelled] },
  async ({ event, step }) => {
    const { lead_id: leadId } = event.data;

    const lead = await step.run("find-lead", findLead, leadId);
    if (lead?.email === undefined) return { status: "nobody-to-write-to" };

    await step.run("send-reminder", sendReminder, leadId, lead.email);
    await step.sleep("wait-7-days", "7d");

    const replies = await step.run("count-replies", countReplies, leadId);
    return { status: replies > 0 ? "replied" : "closed" };
  },
);

function sendReminder(leadId: string, to: string) {
  return deliverEmail({ to, subject: "Still interested?", text: "Our offer stands." }, `reminder-${leadId}`);
}
