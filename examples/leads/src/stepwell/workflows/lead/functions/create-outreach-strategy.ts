import { post } from "../../../../services/post.ts";
import type { Profile } from "./create-lead-profile.ts";
import type { Offer } from "./create-personalized-offer.ts";

export interface Strategy {
  readonly first_method: "email" | "phone" | "none";
  readonly reason: string;
}

export function createOutreachStrategy(leadId: string, profile: Profile, offer: Offer): Promise<Strategy> {
  return post<Strategy>("/create-strategy", { lead_id: leadId, profile, offer });
}
