/**
 * The events of this app, named `{source}/{resource}-{action}`: `api/` from outside, `workflow/` from one workflow to
 * another, everything else from the domain. Each is typed and checked where it is sent and where it starts a function.
 */
import { eventType } from "stepwell";
import { z } from "zod";

export const leadSchema = z.object({
  name: z.string().min(1),
  company: z.string().optional(),
  email: z.email().optional(),
  phone: z.string().optional(),
});
export type Lead = z.infer<typeof leadSchema>;

const ofLead = z.object({ lead_id: z.string() });
const ofOrder = z.object({ order_id: z.string() });

export const orderSchema = ofOrder.extend({
  user_id: z.string(),
  sku: z.string(),
  card: z.string(),
  amount_cents: z.int().positive(),
});
export type Order = z.infer<typeof orderSchema>;

// From outside: the API, webhooks.
export const newLead = eventType("api/new-lead", {
  schema: ofLead.extend({ lead: leadSchema, client_id: z.string().optional() }),
});
export const replyReceived = eventType("api/reply-received", { schema: ofLead.extend({ text: z.string() }) });
export const appointmentBooked = eventType("api/appointment-booked", {
  schema: ofLead.extend({ email: z.email(), starts_at: z.iso.datetime() }),
});
export const leadCancelled = eventType("api/lead-cancelled", { schema: ofLead });
export const callExternal = eventType("api/call-external", { schema: z.object({ request_id: z.string() }) });

// From one workflow to another.
export const awaitReply = eventType("workflow/await-reply", {
  schema: ofLead.extend({ follow_up_time: z.number().nonnegative() }),
});
export const followUp = eventType("workflow/follow-up", { schema: ofLead });
export const processReply = eventType("workflow/process-reply", { schema: ofLead.extend({ text: z.string() }) });

// The domain.
export const userSignedUp = eventType("user/signed-up", { schema: z.object({ user_id: z.string() }) });
export const userAction = eventType("user/action", { schema: z.object({ user_id: z.string(), action: z.string() }) });
export const orderPlaced = eventType("order/placed", { schema: orderSchema });
export const orderUpdated = eventType("order/updated", { schema: ofOrder });
export const orderCancelled = eventType("order/cancelled", { schema: ofOrder });
export const inventoryReserved = eventType("inventory/reserved", { schema: ofOrder.extend({ sku: z.string() }) });
export const paymentCompleted = eventType("payment/completed", {
  schema: ofOrder.extend({ transaction_id: z.string() }),
});
export const notificationSend = eventType("notification/send", {
  schema: z.object({ user_id: z.string(), type: z.string() }),
});
