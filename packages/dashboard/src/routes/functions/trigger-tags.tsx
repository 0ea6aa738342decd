/** What starts a function. */
import { Clock, Zap } from "lucide-react";
import type { Fn } from "../../api/records.ts";

export function TriggerTags({ triggers }: { readonly triggers: Fn["triggers"] }) {
  if (triggers.length === 0) return <span className="soft small">by invoking only</span>;
  return (
    <span className="tags">
      {triggers.map((trigger) => {
        const isEvent = "event" in trigger;
        const text = isEvent ? trigger.event : trigger.cron;
        const condition = isEvent ? trigger.expression : undefined;
        const Icon = isEvent ? Zap : Clock;
        return (
          <span key={`${text} ${condition ?? ""}`} className="tag" title={condition}>
            <Icon size={11} aria-label={isEvent ? "event" : "schedule"} />
            {` ${text}${condition === undefined ? "" : " if …"}`}
          </span>
        );
      })}
    </span>
  );
}
