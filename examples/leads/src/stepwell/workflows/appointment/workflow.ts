/** Around an appointment: the team's approval, a confirmation, and thanks when it is over. */
import { deliverEmail } from "../../../services/email.ts";
import { leadIsCancelled } from "../../cancel-on.ts";
import { client } from "../../client.ts";
import { appointmentBooked } from "../../events.ts";
import { appointmentApproved } from "../../signals.ts";

export const appointmentWorkflow = client.createFunction(
  {
    id: "leads/appointment",
    triggers: appointmentBooked,
    cancelOn: [leadIsCancelled],
    // Runs when a run of this function was cancelled, whoever cancelled it.
    onCancel: async ({ event, step }) => {
      const { lead_id: leadId, email } = event.data.event.data as { lead_id: string; email: string };
      await step.run("call-off", callOff, leadId, email);
    },
  },
  async ({ event, step }) => {
    const { lead_id: leadId, email, starts_at: startsAt } = event.data;

    await step.sleep("wait-5-minutes", "5m"); // Bookings are often corrected at once.

    // Of two bookings of one lead the later one is meant: it takes over the signal.
    const approval = await step.waitForSignal<{ by: string }>("approval", {
      signal: appointmentApproved(leadId),
      timeout: "1d",
      onConflict: "replace",
    });
    if (approval === null) return { status: "not-approved" };
    await step.run("send-confirmation", sendConfirmation, leadId, email, startsAt);

    await step.sleepUntil("wait-for-appointment", startsAt);
    await step.sleep("wait-2-hours", "2h");
    await step.run("send-thanks", sendThanks, leadId, email);

    return { status: "completed", approved_by: approval.data.by };
  },
);

function sendConfirmation(leadId: string, to: string, startsAt: string) {
  return deliverEmail({ to, subject: "Your appointment", text: `See you at ${startsAt}.` }, `confirmation-${leadId}`);
}

function sendThanks(leadId: string, to: string) {
  return deliverEmail({ to, subject: "Thank you", text: "It was good to talk." }, `thanks-${leadId}`);
}

function callOff(leadId: string, to: string) {
  return deliverEmail({ to, subject: "Your appointment is off", text: "It will not take place." }, `off-${leadId}`);
}
