/** Gives a lead time to reply. A reply is read, and silence is followed up. */
import { saveStatus } from "../../../database.ts";
import { post } from "../../../services/post.ts";
import { leadIsCancelled } from "../../cancel-on.ts";
import { client } from "../../client.ts";
import { awaitReply, replyReceived } from "../../events.ts";
import { followUpWorkflow } from "../follow-up/workflow.ts";

export const awaitReplyWorkflow = client.createFunction(
  { id: "leads/await-reply", triggers: awaitReply, cancelOn: [leadIsCancelled] },
  async ({ event, step }) => {
    const { lead_id: leadId, follow_up_time: seconds } = event.data;

    // Nothing runs and nothing is held while it waits; the server may restart meanwhile. `since` counts a reply that
    // came between the event that started this run and the moment in which the wait was stored.
    const reply = await step.waitForEvent("wait-for-reply", {
      event: replyReceived,
      match: "data.lead_id",
      timeout: { seconds },
      since: "run",
    });

    if (reply !== null) {
      const { interest } = await step.run("read-reply", readReply, leadId, reply.data.text);
      await step.run("save-status", saveStatus, leadId, `replied: ${interest}`);
      return { status: "replied", interest };
    }

    // The follow-up is a run of its own, with its own attempts; this one goes on with what it returned.
    const followUp = await step.invoke("follow-up", {
      function: followUpWorkflow,
      data: { lead_id: leadId },
      timeout: "30d",
      onParentCancel: "cancel",
    });
    return { status: "followed-up", follow_up: followUp.status };
  },
);

function readReply(leadId: string, text: string): Promise<{ interest: string }> {
  return post("/read-reply", { lead_id: leadId, text });
}
