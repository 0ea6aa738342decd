/** Three e-mails over four days. A run that sleeps costs nothing and survives restarts. */
import { client } from "../../client.ts";
import { userSignedUp } from "../../events.ts";
import { sendCampaignEmail } from "./functions/send-campaign-email.ts";

export const dripCampaign = client.createFunction(
  { id: "onboarding/drip-campaign", triggers: userSignedUp },
  async ({ event, step }) => {
    const { user_id: userId } = event.data;

    // A welcome at once.
    await step.run("welcome-email", sendCampaignEmail, userId, "welcome");

    // A day later, tips.
    await step.sleep("wait-1-day", "1d");
    await step.run("tips-email", sendCampaignEmail, userId, "tips");

    // Three more days later, a feature.
    await step.sleep("wait-3-days", "3d");
    await step.run("feature-email", sendCampaignEmail, userId, "feature");

    return { status: "completed", emails_sent: 3 };
  },
);
