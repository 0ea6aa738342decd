/** One step: its times, input, output, error and attempts, and rerunning from it. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import type { Span, Step } from "../../api/records.ts";
import { stepsQuery } from "../../api/runs.ts";
import { StatusBadge } from "../../parts/badge.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { ErrorBlock } from "../../parts/error-view.tsx";
import { JsonBlock } from "../../parts/json-view.tsx";
import { Bones, Failure } from "../../parts/states.tsx";
import { Ago, Exact, Lasted } from "../../parts/time-text.tsx";
import { isOpen } from "../../words/status.ts";
import { FailedAttempts } from "./failed-attempts.tsx";
import { RerunFromStep } from "./rerun-from-step.tsx";
import { inputOf, KIND_WORDS, optionsOf } from "./step-words.ts";

const POLL_MS = 2_000;

interface StepPanelProps {
  readonly span: Span;
  readonly isRunOpen: boolean;
}

export function StepPanel({ span, isRunOpen }: StepPanelProps) {
  const steps = useQuery({
    ...stepsQuery(span.runId),
    refetchInterval: isRunOpen && isOpen(span.status) ? POLL_MS : false,
  });
  const step = steps.data?.find((one) => one.id === span.stepId);
  const [isAsking, setAsking] = useState(false);
  const canRerun = span.kind !== "RUN" && !isOpen(span.status);
  return (
    <aside className="card panel" aria-label={`Step ${span.name}`}>
      <header>
        <h2 className="wrap">{span.name}</h2>
        <span className="push">
          <StatusBadge status={span.status} />
        </span>
      </header>
      <div className="body stack">
        <div className="row">
          {canRerun && (
            <DeedButton deed="rerunRun" size="small" onClick={() => setAsking(true)}>
              <RotateCcw size={14} aria-hidden />
              Rerun from here …
            </DeedButton>
          )}
          {span.childRunId !== null && (
            <Link to="/runs/$id" params={{ id: span.childRunId }} className="button" data-size="small">
              Open the run it invoked
            </Link>
          )}
          {span.kind === "RUN" && (
            <Link to="/runs/$id" params={{ id: span.runId }} className="button" data-size="small">
              Open this run
            </Link>
          )}
        </div>
        <ErrorBlock error={span.error} />
        {steps.error !== null && <Failure error={steps.error} retry={steps.refetch} />}
        {steps.isPending && span.stepId !== null && <Bones count={3} />}
        {step !== undefined && <StepData step={step} />}
        <StepFacts span={span} step={step} />
        <FailedAttempts attempts={span.failedAttempts} />
      </div>
      {isAsking && (
        <RerunFromStep span={span} input={step === undefined ? null : inputOf(step)} onClose={() => setAsking(false)} />
      )}
    </aside>
  );
}

function StepData({ step }: { readonly step: Step }) {
  const input = inputOf(step);
  const options = optionsOf(step);
  return (
    <>
      {input !== null && <JsonBlock title="Input" value={input} />}
      {step.output !== undefined && <JsonBlock title="Output" value={step.output} />}
      {options !== null && <JsonBlock title="Options" value={options} />}
    </>
  );
}

function StepFacts({ span, step }: { readonly span: Span; readonly step: Step | undefined }) {
  const dueAt = step?.due_at ?? null;
  return (
    <dl className="facts">
      <dt>Kind</dt>
      <dd>{KIND_WORDS[span.kind]}</dd>
      <dt>Queued</dt>
      <dd>
        <Exact at={span.queuedAt} />
      </dd>
      {span.startedAt !== null && (
        <>
          <dt>Waited</dt>
          <dd>
            <Lasted from={span.queuedAt} until={span.startedAt} />
          </dd>
          <dt>Started</dt>
          <dd>
            <Exact at={span.startedAt} />
          </dd>
        </>
      )}
      {span.endedAt !== null && (
        <>
          <dt>Ended</dt>
          <dd>
            <Exact at={span.endedAt} />
          </dd>
          <dt>Took</dt>
          <dd>
            <Lasted from={span.startedAt ?? span.queuedAt} until={span.endedAt} />
          </dd>
        </>
      )}
      {span.endedAt === null && dueAt !== null && (
        <>
          <dt>Goes on</dt>
          <dd>
            <Ago at={dueAt} />{" "}
            <span className="soft small">
              (<Exact at={dueAt} />)
            </span>
          </dd>
        </>
      )}
      {step !== undefined && (
        <>
          <dt>Id</dt>
          <dd className="id-line">
            <span className="mono small cut" title={step.id}>
              {step.id}
            </span>
            <CopyButton text={step.id} what="the step's id" />
          </dd>
        </>
      )}
    </dl>
  );
}
