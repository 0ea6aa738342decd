import { post } from "../../../../services/post.ts";
import type { CallScript } from "./create-call-script.ts";

export function initiatePhoneCall(leadId: string, phone: string, script: CallScript): Promise<{ call_id: string }> {
  return post("/calls", { lead_id: leadId, phone, script }, `first-contact-${leadId}`);
}
