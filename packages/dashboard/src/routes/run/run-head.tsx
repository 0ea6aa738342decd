/** The top of a run's page: what it is, how it stands, where it came from, and its deeds. */
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Ban, Braces, Ellipsis, Play, RotateCcw, Terminal } from "lucide-react";
import { useState } from "react";
import type { Run, Span } from "../../api/records.ts";
import { cancelRun, rerun, resumeRun } from "../../api/runs.ts";
import { StatusBadge } from "../../parts/badge.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { CopyButton, copyText } from "../../parts/copy.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { Menu } from "../../parts/menu.tsx";
import { Ago, Lasted } from "../../parts/time-text.tsx";
import { tellDone } from "../../parts/toast.tsx";
import { curlText } from "../../words/curl.ts";
import { jsonText } from "../../words/json-text.ts";
import { isOpen, runStatusOf } from "../../words/status.ts";

interface RunHeadProps {
  readonly run: Run;
  readonly span: Span | undefined;
}

export function RunHead({ run, span }: RunHeadProps) {
  const status = span?.status ?? runStatusOf(run.status);
  const name = run.function_name ?? run.function_id;
  return (
    <header className="page-head">
      <div>
        <p className="crumbs">
          <Link to="/runs" search={{}}>
            Runs
          </Link>
        </p>
        <h1 className="row">
          {run.function_slug === null ? (
            <span className="wrap">{name}</span>
          ) : (
            <Link to="/functions/$slug" params={{ slug: run.function_slug }} className="ink wrap">
              {name}
            </Link>
          )}
          <StatusBadge status={status} />
        </h1>
        <p className="row small">
          <span className="mono">{run.run_id}</span>
          <CopyButton text={run.run_id} what="the run's id" />
        </p>
        <div className="row small soft origin">
          <span>
            queued <Ago at={run.queued_at} />
          </span>
          {span !== undefined && (
            <>
              <span>
                waited <Lasted from={span.queuedAt} until={span.startedAt ?? span.endedAt} />
              </span>
              {span.startedAt !== null && (
                <span>
                  {isOpen(status) ? "running for " : "took "}
                  <Lasted from={span.startedAt} until={span.endedAt} />
                </span>
              )}
            </>
          )}
          <Origin run={run} />
        </div>
        {run.reason !== undefined && run.reason !== "" && <p className="small wrap">{`Reason: ${run.reason}`}</p>}
      </div>
      <RunDeeds run={run} isRunOpen={isOpen(status)} canResume={status === "FAILED"} />
    </header>
  );
}

/** Where it came from, as links. */
function Origin({ run }: { readonly run: Run }) {
  return (
    <>
      {run.event_ids.length === 1 && run.event_id !== null && (
        <Link to="/events/$id" params={{ id: run.event_id }}>
          its event
        </Link>
      )}
      {run.event_ids.length > 1 && run.event_id !== null && (
        <Link to="/events/$id" params={{ id: run.event_id }}>
          {`first of its ${run.event_ids.length} events`}
        </Link>
      )}
      {run.cron !== undefined && <span className="tag">{`cron ${run.cron}`}</span>}
      {run.parent_run_id !== undefined && (
        <Link to="/runs/$id" params={{ id: run.parent_run_id }}>
          the run that invoked it
        </Link>
      )}
      {run.original_run_id !== undefined && (
        <Link to="/runs/$id" params={{ id: run.original_run_id }}>
          the run that it repeats
        </Link>
      )}
      {run.resumes !== undefined && <span>{`resumed ${run.resumes}×`}</span>}
      {run.app !== null && (
        <Link to="/apps/$name" params={{ name: run.app }}>
          {run.app}
        </Link>
      )}
    </>
  );
}

type Deed = "cancel" | "rerun" | "resume";

interface DeedsProps {
  readonly run: Run;
  readonly isRunOpen: boolean;
  readonly canResume: boolean;
}

function RunDeeds({ run, isRunOpen, canResume }: DeedsProps) {
  const [asked, setAsked] = useState<Deed | null>(null);
  const address = `${location.origin}/v1/runs/${run.run_id}`;
  return (
    <div className="row">
      {isRunOpen && (
        <DeedButton deed="cancelRun" look="danger" onClick={() => setAsked("cancel")}>
          <Ban size={15} aria-hidden />
          Cancel …
        </DeedButton>
      )}
      {canResume && (
        <DeedButton deed="resumeRun" onClick={() => setAsked("resume")}>
          <Play size={15} aria-hidden />
          Resume …
        </DeedButton>
      )}
      <DeedButton deed="rerunRun" look={isRunOpen ? undefined : "main"} onClick={() => setAsked("rerun")}>
        <RotateCcw size={15} aria-hidden />
        Rerun …
      </DeedButton>
      <Menu
        label="More about the run"
        items={[
          { label: "Copy as JSON", icon: Braces, act: () => void copyText(jsonText(run), "the run") },
          { label: "Copy as curl", icon: Terminal, act: () => void copyText(curlText("GET", address), "the command") },
          {
            label: "Copy rerun as curl",
            icon: Terminal,
            act: () => void copyText(curlText("POST", `${address}/rerun`, {}), "the command"),
          },
        ]}
      >
        <Ellipsis size={16} aria-hidden />
      </Menu>
      {asked !== null && <DeedDialog deed={asked} id={run.run_id} onClose={() => setAsked(null)} />}
    </div>
  );
}

const DIALOGS = {
  cancel: {
    title: "Cancel this run",
    verb: "Cancel the run",
    look: "danger",
    text: "It starts no further step. What it has done stays done; a call that is under way is told to stop.",
  },
  rerun: {
    title: "Rerun from the beginning",
    verb: "Rerun",
    look: "main",
    text: "A new run of the same event, with the code and configuration of now. Every step runs again. To keep the results of the first steps, choose a step and rerun from there.",
  },
  resume: {
    title: "Resume this run",
    verb: "Resume",
    look: "main",
    text: "The same run goes on at the step that failed, with fresh attempts. Steps that have finished are not run again.",
  },
} as const;

interface DeedDialogProps {
  readonly deed: Deed;
  readonly id: string;
  readonly onClose: () => void;
}

function DeedDialog({ deed, id, onClose }: DeedDialogProps) {
  const { title, verb, look, text } = DIALOGS[deed];
  const navigate = useNavigate();
  const client = useQueryClient();
  const act = async () => {
    if (deed === "rerun") {
      const newId = await rerun(id);
      tellDone("A new run has started; this is it.");
      await navigate({ to: "/runs/$id", params: { id: newId } });
      return;
    }
    await (deed === "cancel" ? cancelRun(id) : resumeRun(id));
    tellDone(deed === "cancel" ? "The run was cancelled." : "The run goes on.");
    await client.invalidateQueries({ queryKey: ["run", id] });
  };
  return (
    <Confirm title={title} verb={verb} look={look} act={act} onClose={onClose}>
      <p>{text}</p>
    </Confirm>
  );
}
