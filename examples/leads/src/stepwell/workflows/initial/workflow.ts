/** Starts on the same event as the lead workflow, beside it, and has somebody watch for the lead's reply. */
import { leadIsCancelled } from "../../cancel-on.ts";
import { client } from "../../client.ts";
import { awaitReply, newLead } from "../../events.ts";

const FOLLOW_UP_SECONDS = 86_400; // 24 hours

export const initialWorkflow = client.createFunction(
  { id: "leads/initial", triggers: newLead, cancelOn: [leadIsCancelled] },
  async ({ event, step }) => {
    const { lead_id: leadId } = event.data;

    const source = await step.run("note-source", () => event.data.client_id ?? "website");

    // Outside of a step this may be sent again when the call is repeated. The id makes that harmless: a function
    // starts once for it. `step.sendEvent`, as in the await-reply workflow, needs no such care.
    await client.send(
      awaitReply.create({ lead_id: leadId, follow_up_time: FOLLOW_UP_SECONDS }, { id: `await-reply-${leadId}` }),
    );

    return { status: "completed", source };
  },
);
