/** A lead that is cancelled ends whatever is under way for it: the rule of every workflow whose event names a lead. */
import { leadCancelled } from "./events.ts";

export const leadIsCancelled = { event: leadCancelled.event, match: "data.lead_id" } as const;
