import type { Email } from "../../../../services/email.ts";
import { post } from "../../../../services/post.ts";
import type { Profile } from "./create-lead-profile.ts";
import type { Strategy } from "./create-outreach-strategy.ts";
import type { Offer } from "./create-personalized-offer.ts";

export function createEmailContent(
  leadId: string,
  profile: Profile,
  offer: Offer,
  strategy: Strategy,
): Promise<Omit<Email, "to">> {
  return post("/create-email", { lead_id: leadId, profile, offer, strategy });
}
