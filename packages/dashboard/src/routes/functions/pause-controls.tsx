/** Pausing and resuming, of a function or of all functions of an app. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pause, Play } from "lucide-react";
import { useState } from "react";
import { type Pausable, pause, unpause } from "../../api/apps.ts";
import type { PauseMode } from "../../api/records.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { tellDone, tellError } from "../../parts/toast.tsx";
import { PAUSE_MODES } from "./pause-words.ts";

interface PauseControlsProps {
  readonly what: Pausable;
  readonly id: string;
  readonly name: string;
  readonly paused: PauseMode | null;
}

export function PauseControls({ what, id, name, paused }: PauseControlsProps) {
  const [isAsking, setAsking] = useState(false);
  const [mode, setMode] = useState<PauseMode>("hold");
  const client = useQueryClient();
  const refresh = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["functions"] }),
      client.invalidateQueries({ queryKey: ["apps"] }),
    ]);
  const resume = useMutation({
    mutationFn: () => unpause(what, id),
    onSuccess: () => {
      tellDone(`${name} goes on.`);
      return refresh();
    },
    onError: tellError,
  });
  if (paused !== null) {
    return (
      <DeedButton
        deed={what === "apps" ? "resumeApp" : "resumeFunction"}
        onClick={() => resume.mutate()}
        disabled={resume.isPending}
      >
        <Play size={15} aria-hidden />
        Resume
      </DeedButton>
    );
  }
  return (
    <>
      <DeedButton deed={what === "apps" ? "pauseApp" : "pauseFunction"} onClick={() => setAsking(true)}>
        <Pause size={15} aria-hidden />
        Pause …
      </DeedButton>
      {isAsking && (
        <Confirm
          title={`Pause ${name}`}
          verb="Pause"
          act={async () => {
            await pause(what, id, mode);
            tellDone(`${name} is paused.`);
            await refresh();
          }}
          onClose={() => setAsking(false)}
        >
          <p>Runs under way stand still until it is resumed. And events that come meanwhile?</p>
          <fieldset className="stack">
            <legend className="unseen">What happens to events</legend>
            {PAUSE_MODES.map(({ mode: one, title, text }) => (
              <label key={one} className="choice">
                <input type="radio" name="mode" checked={mode === one} onChange={() => setMode(one)} />
                <span>
                  <strong>{title}</strong>
                  <span className="soft small">{text}</span>
                </span>
              </label>
            ))}
          </fieldset>
        </Confirm>
      )}
    </>
  );
}
