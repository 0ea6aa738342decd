/** Sending selected events again, the oldest first. */
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { sendEvents } from "../../api/events.ts";
import type { EventRow } from "../../api/records.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { tellDone } from "../../parts/toast.tsx";
import { countOf } from "../../words/number.ts";
import { outgoingOf } from "./send-dialog.tsx";

interface ReplayBarProps {
  readonly events: readonly EventRow[];
  readonly onClear: () => void;
}

export function ReplayBar({ events, onClear }: ReplayBarProps) {
  const [isAsking, setAsking] = useState(false);
  if (events.length === 0) return null;
  const names = new Set(events.map(({ name }) => name));
  const replay = async () => {
    await sendEvents([...events].reverse().map(outgoingOf));
    tellDone(`${countOf(events.length, "event was", "events were")} sent again.`);
    onClear();
  };
  return (
    <section className="bulk" aria-label="Selected events">
      <strong className="number">{`${events.length} selected`}</strong>
      <DeedButton deed="sendEventV2" size="small" onClick={() => setAsking(true)}>
        <RotateCcw size={14} aria-hidden />
        {`Replay ${events.length} …`}
      </DeedButton>
      <Button look="plain" size="small" onClick={onClear}>
        Clear
      </Button>
      {isAsking && (
        <Confirm
          title={`Replay ${countOf(events.length, "event")}`}
          verb={`Send ${events.length} again`}
          act={replay}
          onClose={() => setAsking(false)}
        >
          <p>
            {`Each is sent once more as a new event, the oldest first, and starts what listens to it now: ${[...names].sort().join(", ")}.`}
          </p>
        </Confirm>
      )}
    </section>
  );
}
