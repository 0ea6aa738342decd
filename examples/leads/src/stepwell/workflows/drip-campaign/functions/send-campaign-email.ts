import { deliverEmail, type SentEmail } from "../../../../services/email.ts";

const TEXTS = {
  welcome: { subject: "Welcome", text: "Good to have you here." },
  tips: { subject: "Three tips", text: "Most people begin with the import." },
  feature: { subject: "Did you know?", text: "Workflows can sleep for days." },
};

export function sendCampaignEmail(userId: string, kind: keyof typeof TEXTS): Promise<SentEmail> {
  return deliverEmail({ to: `${userId}@example.com`, ...TEXTS[kind] }, `${kind}-${userId}`);
}
