import { deliverEmail, type Email, type SentEmail } from "../../../../services/email.ts";

export function sendEmail(leadId: string, email: Email): Promise<SentEmail> {
  return deliverEmail(email, `first-contact-${leadId}`);
}
