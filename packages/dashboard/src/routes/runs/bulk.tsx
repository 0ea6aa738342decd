/** What can be done to many runs: those that are selected, or all that the filter has. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type OperationKind, previewQuery, startOperation } from "../../api/operations.ts";
import type { RunRow } from "../../api/records.ts";
import { cancelRun, type RunFilter, rerun, resumeRun } from "../../api/runs.ts";
import { Note } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { errorLine } from "../../parts/states.tsx";
import { tellDone } from "../../parts/toast.tsx";
import { countOf } from "../../words/number.ts";
import { isOpen } from "../../words/status.ts";
import { type Deed, eachOf } from "./each-of.ts";

const DEEDS: Readonly<Record<"cancel" | "rerun" | "resume", Deed>> = {
  cancel: { id: "cancelRun", verb: "Cancel", done: "cancelled", fits: ({ status }) => isOpen(status), act: cancelRun },
  rerun: {
    id: "rerunRun",
    verb: "Rerun",
    done: "started again",
    fits: ({ status }) => !isOpen(status),
    act: (id) => rerun(id),
  },
  resume: {
    id: "resumeRun",
    verb: "Resume",
    done: "resumed",
    fits: ({ status }) => status === "FAILED",
    act: resumeRun,
  },
};

interface BulkBarProps {
  readonly runs: readonly RunRow[];
  readonly onClear: () => void;
}

/** For selected rows: one request each. */
export function BulkBar({ runs, onClear }: BulkBarProps) {
  const [asked, setAsked] = useState<Deed | null>(null);
  if (runs.length === 0) return null;
  const fitting = asked === null ? [] : runs.filter(asked.fits);
  return (
    <section className="bulk" aria-label="Selected runs">
      <strong className="number">{`${runs.length} selected`}</strong>
      {Object.values(DEEDS).map((deed) => {
        const count = runs.filter(deed.fits).length;
        return (
          <DeedButton deed={deed.id} key={deed.verb} size="small" disabled={count === 0} onClick={() => setAsked(deed)}>
            {`${deed.verb} ${count}`}
          </DeedButton>
        );
      })}
      <Button look="plain" size="small" onClick={onClear}>
        Clear
      </Button>
      {asked !== null && (
        <Confirm
          title={`${asked.verb} ${countOf(fitting.length, "run")}`}
          verb={`${asked.verb} ${fitting.length}`}
          look={asked === DEEDS.cancel ? "danger" : "main"}
          act={async () => {
            const done = await eachOf(fitting, asked);
            tellDone(`${countOf(done, "run was", "runs were")} ${asked.done}.`);
            onClear();
          }}
          onClose={() => setAsked(null)}
        >
          <p>{`${fitting.length} of the ${runs.length} selected runs can be ${asked.done}; the others are left alone.`}</p>
        </Confirm>
      )}
    </section>
  );
}

interface AllDialogProps {
  readonly kind: OperationKind;
  readonly filter: RunFilter;
  readonly onClose: () => void;
}

const ALL_WORDS = {
  cancel: { title: "Cancel all open runs of this filter", verb: "Cancel", done: "Cancelling" },
  replay: { title: "Replay all ended runs of this filter", verb: "Replay", done: "Replaying" },
  resume: { title: "Resume all failed runs of this filter", verb: "Resume", done: "Resuming" },
} as const;

const ABOUT: Readonly<Record<OperationKind, string>> = {
  cancel: " runs that have not ended.",
  replay: " runs that have ended. Each is started once more, as a new run.",
  resume: " runs that have failed. Each goes on at the step that failed.",
};

/** For all runs of the filter, loaded or not: counted by the server, done in the background. */
export function AllDialog({ kind, filter, onClose }: AllDialogProps) {
  const bounded = { ...filter, until: filter.until ?? new Date().toISOString() };
  const [fixed] = useState(bounded); // Runs that begin while the dialog is open are not part of it.
  const preview = useQuery(previewQuery(kind, fixed));
  const words = ALL_WORDS[kind];
  const count = preview.data?.count ?? 0;
  const countText = `${count.toLocaleString("en")}${preview.data?.is_more === true ? " or more" : ""}`;
  return (
    <Confirm
      title={words.title}
      verb={preview.data === undefined ? words.verb : `${words.verb} ${countText}`}
      look={kind === "cancel" ? "danger" : "main"}
      isReady={count > 0}
      act={async () => {
        await startOperation(kind, fixed);
        tellDone(
          <>
            {`${words.done} ${countText} runs in the background. `}
            <Link to="/operations">See how far it is</Link>
          </>,
        );
      }}
      onClose={onClose}
    >
      {preview.isPending && <p role="status">Counting the runs …</p>}
      {preview.error !== null && <Note tone="bad">{errorLine(preview.error)}</Note>}
      {preview.data !== undefined && (
        <p>
          This is about <strong className="number">{countText}</strong>
          {ABOUT[kind]}
        </p>
      )}
    </Confirm>
  );
}
