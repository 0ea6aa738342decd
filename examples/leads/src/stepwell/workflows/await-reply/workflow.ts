/** Gives a lead time to reply, and starts a follow-up when nothing came. */
import { countReplies } from "../../../database.ts";
import { client } from "../../client.ts";
import { awaitReply, followUp } from "../../events.ts";

export const awaitReplyWorkflow = client.createFunction(
  { id: "leads/await-reply", triggers: awaitReply },
  async ({ event, step }) => {
    const { lead_id: leadId, follow_up_time: seconds } = event.data;

    // Nothing runs and nothing is held while it sleeps; the server may restart meanwhile.
    await step.sleep("wait-for-reply", { seconds });

    const replies = await step.run("count-replies", countReplies, leadId);
    if (replies > 0) return { status: "replied", replies };

    await step.sendEvent("start-follow-up", followUp.create({ lead_id: leadId }));
    return { status: "follow-up-started", replies };
  },
);
