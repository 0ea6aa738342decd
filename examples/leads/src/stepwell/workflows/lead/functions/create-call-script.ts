import { post } from "../../../../services/post.ts";
import type { Profile } from "./create-lead-profile.ts";
import type { Strategy } from "./create-outreach-strategy.ts";
import type { Offer } from "./create-personalized-offer.ts";

export interface CallScript {
  readonly opening: string;
  readonly questions: readonly string[];
}

export function createCallScript(
  leadId: string,
  profile: Profile,
  offer: Offer,
  strategy: Strategy,
): Promise<CallScript> {
  return post<CallScript>("/create-call-script", { lead_id: leadId, profile, offer, strategy });
}
