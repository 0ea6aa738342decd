/** Around an appointment: a confirmation, and thanks when it is over. */
import { deliverEmail } from "../../../services/email.ts";
import { client } from "../../client.ts";
import { appointmentBooked } from "../../events.ts";

export const appointmentWorkflow = client.createFunction(
  { id: "leads/appointment", triggers: appointmentBooked },
  async ({ event, step }) => {
    const { lead_id: leadId, email, starts_at: startsAt } = event.data;

    await step.sleep("wait-5-minutes", "5m"); // Bookings are often corrected at once.
    await step.run("send-confirmation", sendConfirmation, leadId, email, startsAt);

    await step.sleepUntil("wait-for-appointment", startsAt);
    await step.sleep("wait-2-hours", "2h");
    await step.run("send-thanks", sendThanks, leadId, email);

    return { status: "completed" };
  },
);

function sendConfirmation(leadId: string, to: string, startsAt: string) {
  return deliverEmail({ to, subject: "Your appointment", text: `See you at ${startsAt}.` }, `confirmation-${leadId}`);
}

function sendThanks(leadId: string, to: string) {
  return deliverEmail({ to, subject: "Thank you", text: "It was good to talk." }, `thanks-${leadId}`);
}
