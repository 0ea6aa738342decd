/** Why an open run does not go on, or what it does: one line for each thing that it has open, with when it goes on. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Reason, RunExplanation } from "../../api/records.ts";
import { explainRunQuery } from "../../api/runs.ts";
import { Note } from "../../parts/badge.tsx";
import { useSteadyHeight } from "../../parts/steady.ts";
import { Ago, Ahead } from "../../parts/time-text.tsx";
import { isOpen, lookOf, type SpanStatus, type Tone } from "../../words/status.ts";
import { GateHolders, GateUse } from "../queue/gate-view.tsx";
import { expectedAt, plainSentence, plainTimes, reasonTitle, reasonTone } from "./reason-words.ts";

interface WhyProps {
  readonly id: string;
  readonly status: SpanStatus;
  readonly onSelect: (stepKey: string) => void;
}

const SHOWN_MAX = 5;
const POLL_MS = 2_000;

/** Of a run that somebody has seen open. It keeps its place, whatever there is to say, and tells when the run has ended. */
export function Why({ id, status, onSelect }: WhyProps) {
  const isRunOpen = isOpen(status);
  const why = useQuery({ ...explainRunQuery(id), refetchInterval: isRunOpen ? POLL_MS : false });
  const place = useSteadyHeight<HTMLElement>(id);
  const reasons = why.data?.reasons.filter(({ code }) => code !== "ended") ?? [];
  if (!isRunOpen || reasons.length === 0) {
    const { word, tone } = lookOf(status);
    return (
      <section aria-label="Why it waits" className="why" ref={place}>
        <Note tone={tone}>{isRunOpen ? "Looking what it does …" : <strong>{`${word}.`}</strong>}</Note>
      </section>
    );
  }
  return (
    <section aria-label="Why it waits" className="why" ref={place}>
      <Note tone={toneOf(reasons)}>
        <ul className="stack-tight">
          {reasons.slice(0, SHOWN_MAX).map((reason) => (
            <ReasonLine
              key={`${reason.code} ${reason.step?.id ?? ""}`}
              reason={reason}
              onSelect={(stepId) => onSelect(`${id}.${stepId}`)}
            />
          ))}
          {reasons.length > SHOWN_MAX && <li className="soft">{`and ${reasons.length - SHOWN_MAX} more`}</li>}
        </ul>
        <Deadlines why={why.data} />
      </Note>
    </section>
  );
}

function toneOf(reasons: readonly Reason[]): Tone {
  const tones = new Set(reasons.map(({ code }) => reasonTone(code)));
  return (["bad", "warn", "wait", "busy"] as const).find((tone) => tones.has(tone)) ?? "busy";
}

interface ReasonLineProps {
  readonly reason: Reason;
  readonly onSelect: (stepId: string) => void;
}

function ReasonLine({ reason, onSelect }: ReasonLineProps) {
  const { step, gate, lane, pause, child, code } = reason;
  const expected = expectedAt(reason);
  return (
    <li>
      <p>
        {step !== undefined && (
          <>
            <button type="button" className="link" onClick={() => onSelect(step.id)}>
              {step.name}
            </button>
            {": "}
          </>
        )}
        <strong>{reasonTitle(code)}</strong>
        {expected !== null && (
          <>
            {" · "}
            <Ahead at={expected} />
          </>
        )}
      </p>
      <p className="small soft wrap">{plainSentence(reason)}</p>
      {lane !== undefined && lane.jobs_before > 0 && (
        <p className="small soft">{`${lane.jobs_before} jobs go first.`}</p>
      )}
      {gate !== undefined && <GateUse gate={gate} />}
      {gate !== undefined && <GateHolders gate={gate} />}
      {pause?.target === "function" && (
        <Link to="/functions/$slug" params={{ slug: pause.name }} className="small">
          Go to the function to resume it
        </Link>
      )}
      {pause?.target === "app" && (
        <Link to="/apps/$name" params={{ name: pause.name }} className="small">
          Go to the app to resume it
        </Link>
      )}
      {child !== undefined && (
        <Link to="/runs/$id" params={{ id: child.run_id }} className="small">
          {`The run of ${child.function_slug ?? "the function"}: ${plainTimes(child.summary)}`}
        </Link>
      )}
    </li>
  );
}

function Deadlines({ why }: { readonly why: RunExplanation | undefined }) {
  if (why?.must_start_by === undefined && why?.must_end_by === undefined) return null;
  return (
    <p className="small soft">
      {why.must_start_by !== undefined && (
        <>
          It has to start by <Ago at={why.must_start_by} />.{" "}
        </>
      )}
      {why.must_end_by !== undefined && (
        <>
          It has to end by <Ago at={why.must_end_by} />.
        </>
      )}
    </p>
  );
}
