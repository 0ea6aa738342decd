/** Rerunning from a step: the results before it are kept, and its input may be another one. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Span } from "../../api/records.ts";
import { rerun } from "../../api/runs.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { JsonEditor } from "../../parts/json-editor.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { tellDone } from "../../parts/toast.tsx";
import { jsonText, readJson } from "../../words/json-text.ts";

interface RerunFromStepProps {
  readonly span: Span;
  /** The original arguments; null when there are none on record. */
  readonly input: readonly unknown[] | null;
  readonly onClose: () => void;
}

export function RerunFromStep({ span, input, onClose }: RerunFromStepProps) {
  const navigate = useNavigate();
  const original = input ?? [];
  const [isEdited, setEdited] = useState(false);
  const [text, setText] = useState(() => jsonText(original));
  const reading = readJson(text);
  const problem =
    "problem" in reading
      ? reading.problem
      : Array.isArray(reading.value)
        ? null
        : "The input is a list of arguments: [ … ].";
  const act = async () => {
    const edited = isEdited && "value" in reading ? { input: reading.value as unknown[] } : {};
    const id = await rerun(span.runId, { step_id: span.stepId ?? "", ...edited });
    tellDone("A new run has started; this is it.");
    await navigate({ to: "/runs/$id", params: { id }, search: {} });
  };
  return (
    <Confirm
      title={`Rerun from ${span.name}`}
      verb="Rerun from here"
      isReady={!isEdited || problem === null}
      act={act}
      onClose={onClose}
      size="wide"
    >
      <p>A new run begins with the results of the steps before this one; this step and those after it run again.</p>
      <label className="row">
        <input type="checkbox" checked={isEdited} onChange={(event) => setEdited(event.target.checked)} />
        Give the step another input
      </label>
      {isEdited && (
        <div className="pair">
          <div className="block">
            <h3>Original input</h3>
            {input === null ? (
              <p className="soft small">The step was called without arguments.</p>
            ) : (
              <JsonView value={original} label="Original input" />
            )}
          </div>
          <div className="block">
            <h3>New input</h3>
            <JsonEditor label="New input" value={text} onChange={setText} problem={problem} />
          </div>
        </div>
      )}
    </Confirm>
  );
}
