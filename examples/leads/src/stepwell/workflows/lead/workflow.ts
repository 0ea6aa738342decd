/**
 * A new lead, from its profile to the first contact. Each step runs once and its result is kept: after a failure or a
 * crash the workflow goes on behind the last step that finished. A lead that is cancelled stops it, and the team is told
 * when it has failed for good.
 */
import { NonRetriableError } from "stepwell";
import { deliverEmail } from "../../../services/email.ts";
import { leadIsCancelled } from "../../cancel-on.ts";
import { client } from "../../client.ts";
import { newLead } from "../../events.ts";
import { createCallScript } from "./functions/create-call-script.ts";
import { createEmailContent } from "./functions/create-email-content.ts";
import { createLeadProfile } from "./functions/create-lead-profile.ts";
import { createOutreachStrategy } from "./functions/create-outreach-strategy.ts";
import { createPersonalizedOffer } from "./functions/create-personalized-offer.ts";
import { initiatePhoneCall } from "./functions/initiate-phone-call.ts";
import { sendEmail } from "./functions/send-email.ts";

export const leadWorkflow = client.createFunction(
  {
    id: "leads/process-new-lead",
    triggers: newLead,
    cancelOn: [leadIsCancelled],
    // A function of its own, started by the failure of this one.
    onFailure: async ({ event, error, step }) => {
      await step.run("tell-team", tellTeam, event.data.run_id, error.message);
    },
  },
  async ({ event, step }) => {
    const { lead_id: leadId, lead } = event.data;

    // Step 1: the profile, passed on to step 2.
    const profile = await step.run("create-profile", createLeadProfile, lead, leadId);

    // Step 2: a personal offer from the profile.
    const offer = await step.run(
      "create-offer",
      createPersonalizedOffer,
      leadId,
      profile.individual_profile,
      profile.company_profile,
    );

    // Step 3: a strategy from both.
    const strategy = await step.run("create-strategy", createOutreachStrategy, leadId, profile, offer);

    // Step 4: what the strategy says.
    if (strategy.first_method === "email") {
      if (lead.email === undefined) throw new NonRetriableError(`Lead ${leadId} has no e-mail address`);
      const content = await step.run("create-email", createEmailContent, leadId, profile, offer, strategy);
      await step.run("send-email", sendEmail, leadId, { to: lead.email, ...content });
    } else if (strategy.first_method === "phone") {
      if (lead.phone === undefined) throw new NonRetriableError(`Lead ${leadId} has no phone number`);
      const script = await step.run("create-call-script", createCallScript, leadId, profile, offer, strategy);
      await step.run("initiate-call", initiatePhoneCall, leadId, lead.phone, script);
    }

    return { status: "completed", lead_id: leadId, method: strategy.first_method };
  },
);

function tellTeam(runId: string, message: string) {
  const text = `Run ${runId} failed: ${message}`;
  return deliverEmail({ to: "team@example.com", subject: "A lead needs a human", text }, `failed-${runId}`);
}
