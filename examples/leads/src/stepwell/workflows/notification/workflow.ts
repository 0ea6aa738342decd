/** Sends a notification. Two limits: at most 100 at a time, and at most 5 of one user. */
import { deliverEmail } from "../../../services/email.ts";
import { client } from "../../client.ts";
import { notificationSend } from "../../events.ts";

export const notificationWorkflow = client.createFunction(
  {
    id: "api/send-notification",
    triggers: notificationSend,
    concurrency: [{ limit: 100 }, { limit: 5, key: "event.data.user_id" }],
  },
  async ({ event, step }) => {
    const { user_id: userId, type } = event.data;
    const email = { to: `${userId}@example.com`, subject: type, text: `Notification: ${type}` };
    const { message_id } = await step.run("send", deliverEmail, email, `notification-${event.id}`);
    return { status: "sent", message_id };
  },
);
