/** What an open run waits for: its open steps, each with when it goes on. */
import { useQuery } from "@tanstack/react-query";
import { stepsQuery } from "../../api/runs.ts";
import { Note } from "../../parts/badge.tsx";
import { Ago } from "../../parts/time-text.tsx";
import type { TraceRow } from "./rows.ts";
import { waitText } from "./step-words.ts";

interface OpenStepsProps {
  readonly id: string;
  readonly rows: readonly TraceRow[];
  readonly onSelect: (key: string) => void;
}

const SHOWN_MAX = 4;
/** Steps come with their results: a long run's are not fetched again and again. */
const STEPS_MAX = 200;
const POLL_MS = 2_000;

export function OpenSteps({ id, rows, onSelect }: OpenStepsProps) {
  const isSmall = rows.length <= STEPS_MAX;
  const steps = useQuery({ ...stepsQuery(id), enabled: isSmall, refetchInterval: POLL_MS });
  const open = steps.data?.filter((step) => step.ended_at === null) ?? [];
  if (open.length === 0) return null;
  return (
    <Note tone="wait">
      <ul className="stack-tight">
        {open.slice(0, SHOWN_MAX).map((step) => (
          <li key={step.id}>
            <button type="button" className="link" onClick={() => onSelect(`${id}.${step.id}`)}>
              {step.name}
            </button>{" "}
            <span className="wrap">{waitText(step)}</span>
            {step.due_at !== null && step.kind !== "run" && (
              <>
                {step.kind === "sleep" ? ", wakes " : ", gives up "}
                <Ago at={step.due_at} />
              </>
            )}
            {step.due_at !== null && step.kind === "run" && step.status === "Retrying" && (
              <>
                , next attempt <Ago at={step.due_at} />
              </>
            )}
          </li>
        ))}
        {open.length > SHOWN_MAX && <li className="soft">{`and ${open.length - SHOWN_MAX} more`}</li>}
      </ul>
    </Note>
  );
}
