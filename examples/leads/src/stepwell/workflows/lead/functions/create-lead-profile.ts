/**
 * A step function. It returns plain data, lets errors through so that the step is tried again, and does no harm when
 * it runs twice.
 */
import { post } from "../../../../services/post.ts";
import type { Lead } from "../../../events.ts";

export interface Profile {
  readonly individual_profile: { readonly name: string; readonly channel: string };
  readonly company_profile: { readonly name: string; readonly size: string };
}

export function createLeadProfile(lead: Lead, leadId: string): Promise<Profile> {
  return post<Profile>("/create-profile", { lead, lead_id: leadId });
}
