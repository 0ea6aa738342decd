/** Invoking a function, beginning with the data of its last run. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { invoke } from "../../api/apps.ts";
import { eventQuery } from "../../api/events.ts";
import { runsQuery } from "../../api/runs.ts";
import { Note } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { JsonEditor } from "../../parts/json-editor.tsx";
import { Bones, errorLine } from "../../parts/states.tsx";
import { tellDone } from "../../parts/toast.tsx";
import { jsonText, readJson } from "../../words/json-text.ts";

interface InvokeDialogProps {
  readonly slug: string;
  readonly onClose: () => void;
}

export function InvokeDialog({ slug, onClose }: InvokeDialogProps) {
  const runs = useQuery(runsQuery({ function: slug }, 1));
  const lastEventId = runs.data?.rows[0]?.trigger.eventIds[0];
  const last = useQuery({ ...eventQuery(lastEventId ?? ""), enabled: lastEventId !== undefined });
  const isLooking = runs.isPending || (lastEventId !== undefined && last.isPending);
  if (isLooking) {
    return (
      <Dialog title={`Invoke ${slug}`} onClose={onClose} size="wide">
        <Bones count={4} />
      </Dialog>
    );
  }
  return <InvokeForm slug={slug} start={last.data?.data ?? {}} hasLast={last.data !== undefined} onClose={onClose} />;
}

interface InvokeFormProps extends InvokeDialogProps {
  readonly start: unknown;
  readonly hasLast: boolean;
}

function InvokeForm({ slug, start, hasLast, onClose }: InvokeFormProps) {
  const navigate = useNavigate();
  const [text, setText] = useState(() => jsonText(start));
  const reading = readJson(text);
  const problem = "problem" in reading ? reading.problem : isObject(reading.value) ? null : "data has to be an object.";
  const { mutate, isPending, error } = useMutation({
    mutationFn: (data: unknown) => invoke(slug, data),
    onSuccess: (id) => {
      tellDone(`${slug} was invoked.`);
      onClose();
      void navigate({ to: "/runs/$id", params: { id } });
    },
  });
  const submit = () => {
    if (problem === null && "value" in reading && !isPending) mutate(reading.value);
  };
  return (
    <Dialog
      title={`Invoke ${slug}`}
      size="wide"
      onClose={onClose}
      onSubmit={submit}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="main" disabled={problem !== null || isPending}>
            {isPending ? "Starting …" : "Invoke"}
          </Button>
        </>
      }
    >
      <p className="soft small">
        {hasLast ? "The data of its last run, to begin with." : "It has not run yet: no data to begin with."} The
        function finds it in <code>event.data</code>.
      </p>
      <JsonEditor label="Data" value={text} onChange={setText} problem={problem} />
      {error !== null && <Note tone="bad">{errorLine(error)}</Note>}
    </Dialog>
  );
}

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
