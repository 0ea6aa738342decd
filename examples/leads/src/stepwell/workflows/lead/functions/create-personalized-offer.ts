/** Uses what the step before it returned. */
import { post } from "../../../../services/post.ts";
import type { Profile } from "./create-lead-profile.ts";

export interface Offer {
  readonly title: string;
  readonly discount_percent: number;
}

export function createPersonalizedOffer(
  leadId: string,
  individual: Profile["individual_profile"],
  company: Profile["company_profile"],
): Promise<Offer> {
  return post<Offer>("/create-offer", { lead_id: leadId, individual_profile: individual, company_profile: company });
}
